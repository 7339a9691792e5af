"""The audit of several ledgers against each other: what one says it gave, another must say it got.

All figures are what `sage-edge ledger balance`, `tasks` and `ledger verify` print.
"""

import json


class Audit:
    """Collects checks; each is a sentence that is true or is not."""

    def __init__(self):
        self.checks = []

    def check(self, sentence, holds):
        self.checks.append((bool(holds), sentence))
        return holds

    def equal(self, sentence, left, right):
        return self.check(f"{sentence}: {left}" if left == right else f"{sentence}: {left} ≠ {right}", left == right)

    @property
    def failed(self):
        return [sentence for holds, sentence in self.checks if not holds]


def joules(millijoules):
    """An amount for people, exact: in mJ below one joule, in J above."""
    if abs(millijoules) < 1000:
        return f"{millijoules} mJ"
    return f"{millijoules // 1000}.{millijoules % 1000:03d} J"


def amounts(record):
    """The amounts of a record, as numbers."""
    return {key[:-3]: int(value) for key, value in record.items() if key.endswith("_mj")}


class Books:
    """What one board's agent says of its ledger and tasks."""

    def __init__(self, board):
        balance = board.sage("ledger", "balance")
        self.name = board.name
        self.total = amounts(balance)
        self.accounts = [amounts(account) for account in balance["accounts"]]
        self.peers = {peer["peer"]: peer for peer in balance["peers"]}
        self.tasks = board.sage("tasks")["tasks"]

    def sum(self, key):
        return sum(account[key] for account in self.accounts)

    def with_role(self, role, platform):
        return {task["task"]: task for task in self.tasks if task["role"] == role and task["platform"] == platform}


def audit_one(audit, books):
    """One ledger by itself: its issuer's supply, and what its accounts got and gave."""
    total = books.total
    audit.equal(
        f"{books.name}: supply = pool + own credits at home + abroad",
        joules(total["supply"]), joules(total["adp"] + total["own_at_home"] + total["own_abroad"]))
    came = books.sum("charged") + books.sum("received")
    went = sum(books.sum(key) for key in ("available", "locked", "reserved", "discharged", "expired", "sent"))
    audit.equal(f"{books.name}: charged + received = held + discharged + sent", joules(came), joules(went))
    audit.check(f"{books.name}: nothing is locked or reserved", books.sum("locked") == books.sum("reserved") == 0)


def audit_pair(audit, payer, worker):
    """What went from one to the other: the same tasks, ended once, with the same amounts on both sides."""
    paid = payer.with_role("payer", worker.name)
    earned = worker.with_role("worker", payer.name)
    pair = f"{payer.name} → {worker.name}"
    settled = {id: int(task["paid_mj"]) for id, task in paid.items() if task["state"] == "posted"}
    received = {id: int(task["paid_mj"]) for id, task in earned.items() if task["state"] == "posted"}
    open_states = ("created", "locked", "sent", "accepted", "running", "proven")
    audit.check(f"{pair}: no task is open", not [t for t in paid.values() if t["state"] in open_states])
    audit.check(f"{pair}: the same {len(settled)} paid tasks on both sides, amount for amount", settled == received)
    lane, back = payer.peers.get(worker.name), worker.peers.get(payer.name)
    if lane and back:
        audit.check(
            f"{pair}: {lane['sent']} money messages sent = acknowledged = received",
            lane["sent"] == lane["acknowledged"] == back["received"] and not lane["stopped"])
        audit.check(
            f"{pair}: nothing abroad, nothing owed", int(lane["own_abroad_mj"]) == int(back["owed_mj"]) == 0)
    return sum(settled.values()), sum(received.values())


def audit_books(books):
    """Each ledger by itself, and each against every other."""
    audit = Audit()
    for each in books:
        audit_one(audit, each)
    sent = {each.name: 0 for each in books}
    received = {each.name: 0 for each in books}
    for payer in books:
        for worker in books:
            if payer is not worker:
                paid, earned = audit_pair(audit, payer, worker)
                sent[payer.name] += paid
                received[worker.name] += earned
    for each in books:
        audit.equal(
            f"{each.name}: sent, by its ledger and by its tasks", joules(each.sum("sent")), joules(sent[each.name]))
        audit.equal(
            f"{each.name}: received, by its ledger and by its tasks",
            joules(each.sum("received")), joules(received[each.name]))
    return audit


def verify(audit, board):
    """Replays the journal of a board whose agent has stopped; returns what that says, or None."""
    status, output, message = board.attempt("ledger", "verify", "--json")
    audit.check(f"{board.name}: ledger verify: {message.strip() or 'verified'}", status == 0)
    return json.loads(output) if status == 0 else None


def table(books):
    """The sums of several ledgers, side by side."""
    rows = [("", [each.name for each in books])]
    for title, keys in (
        ("supply", "supply"), ("  in the pool (ADP)", "adp"), ("  abroad", "own_abroad")):
        rows.append((title, [joules(each.total[keys]) for each in books]))
    for title in ("charged", "received", "sent", "discharged", "expired", "available"):
        rows.append((title, [joules(each.sum(title)) for each in books]))
    return "\n".join(f"{title:<20}" + "".join(f"{cell:>15}" for cell in cells) for title, cells in rows)
