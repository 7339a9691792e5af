/// The style of a report's page: one column that fits a screen and an A4 sheet, in light and dark.
let reportStyle: StaticString = """

    :root { --ground: #ffffff; --text: #1c2024; --faint: #5b6570; --line: #d5dae0; --panel: #f5f7f9;
      --energy: #2b6cb0; --work: #d9822b; --error: #1c2024; --hatch: #9aa4af; }
    @media (prefers-color-scheme: dark) {
      :root { --ground: #14171a; --text: #e6e9ec; --faint: #9aa5b1; --line: #333a41; --panel: #1d2226;
        --energy: #5f9fe0; --work: #f0a35e; --error: #e6e9ec; --hatch: #6b7682; } }
    @media print {
      :root { --ground: #ffffff; --text: #000000; --faint: #444444; --line: #bbbbbb; --panel: #f4f4f4;
        --energy: #2b6cb0; --work: #d9822b; --error: #000000; --hatch: #888888; }
      body { font-size: 8.5pt; } .scroll { overflow: visible; } th, td { padding: .2rem .3rem; }
      .notes { min-width: 0; } main { max-width: none; padding: 0; } figure, tr, pre, dl { break-inside: avoid; }
      h2 { break-after: avoid; } thead { display: table-header-group; } * { print-color-adjust: exact; } }
    @page { size: A4; margin: 15mm 14mm; }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--ground); color: var(--text); line-height: 1.5;
      font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; font-size: 15px; }
    main { max-width: 66rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
    h1 { font-size: 1.7rem; margin: 0 0 1rem; }
    h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; overflow-wrap: anywhere; }
    p { margin: .5rem 0; }
    dl { display: grid; gap: .3rem 1.5rem; margin: 0; padding: .9rem 1.1rem; background: var(--panel);
      border: 1px solid var(--line); border-radius: 6px; }
    dl div { display: grid; grid-template-columns: 8.5rem 1fr; } dt { color: var(--faint); }
    dd { margin: 0; overflow-wrap: anywhere; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; font-size: .87em; font-variant-numeric: tabular-nums; }
    th, td { padding: .26rem .45rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
    tbody th { font-weight: 500; white-space: nowrap; } thead th { color: var(--faint); font-weight: 600; }
    .figure { text-align: right; } td.figure { white-space: nowrap; } .notes { color: var(--faint); min-width: 7rem; }
    @media screen and (max-width: 70rem) {
      table { font-size: .78em; } th, td { padding: .22rem .3rem; } .notes { min-width: 5.5rem; } }
    @media screen and (max-width: 52rem) { tbody th { white-space: normal; min-width: 5.2rem; } }
    .gap td { color: var(--faint); font-style: italic; text-align: center; background: var(--panel); }
    .note { color: var(--faint); font-size: .87em; } .remark { border-left: 3px solid var(--work); padding-left: .7rem; }
    .class { font-size: .8em; font-weight: 600; padding: .05rem .5rem; border: 1px solid var(--faint); border-radius: 1rem;
      white-space: nowrap; } .class.metered { border-color: var(--energy); color: var(--energy); }
    code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .87em; }
    pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem;
      white-space: pre-wrap; overflow-wrap: anywhere; margin: .4rem 0; }
    figure { margin: .8rem 0; } .chart { width: 100%; height: auto; display: block; }
    .chart text { fill: var(--faint); font-size: 118px; } .chart .unit { font-weight: 600; }
    .chart .grid { stroke: var(--line); stroke-width: 8; } .chart .axis { stroke: var(--faint); stroke-width: 12; }
    .chart .energy { fill: var(--energy); } .chart .work { fill: var(--work); }
    .chart .error { stroke: var(--error); stroke-width: 18; } .chart .hatch { fill: var(--hatch); }

    """
