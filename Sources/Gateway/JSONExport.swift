// What the gateway takes in and gives out is JSON: who imports it has the values, too.
@_exported import JSON
