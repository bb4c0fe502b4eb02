"""Right answers first: every operation of every contender is checked before anything is timed.

Status, body and row count are compared with the seed; somebody else's task and a missing token must be
refused. A contender that answers wrongly is not measured.
"""

from dataclasses import replace

import httpx

from benchmarks.contenders.contender import Accounts, Contender
from benchmarks.dialects import Dialect, Facts, Operation, Template
from benchmarks.load import SYNCED, Account
from benchmarks.population import WRITING, Population, Task
from benchmarks.processes import BenchmarkError


class WrongAnswer(BenchmarkError):
    """A contender did not do what the workload is about."""


def _expect(expected: object, actual: object, what: str) -> None:
    if expected != actual:
        raise WrongAnswer(f"{what}: expected {expected!r}, got {actual!r}")


class Verification:
    """One contender and dialect against the seed."""

    def __init__(self, contender: Contender, dialect: Dialect, population: Population) -> None:
        self._contender = contender
        self._dialect = dialect
        self._accounts = contender.accounts(dialect)
        self._sizes = {user.group: user.tasks for user in population.users}
        self._written = WRITING.name if WRITING.name in self._sizes else next(iter(self._sizes))
        watched = {population.of(group)[0].id: group for group in self._sizes}
        self._seed: dict[str, list[Task]] = {group: [] for group in self._sizes}
        for task in population.tasks():
            if task.owner.id in watched:
                self._seed[watched[task.owner.id]].append(task)
        self.missing: set[Operation] = set()
        """Operations that the contract is to have and whose URLs are not served yet."""
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{contender.port}", timeout=30)

    def run(self, *, tags: bool) -> Accounts:
        """Check everything; return the accounts, with ``tags`` also the entity tags of their lists.

        A group's first user is read; what is written are tasks of the last user of one group.
        """
        with self._client:
            for group in self._accounts:
                self._reads(group)
            *_, other, writer = self._accounts[self._written]
            self._creates(writer)
            self._updates(writer)
            self._toggles(writer)
            if self._contender.secured:
                self._refusals(writer, other)
            if not tags:
                return self._accounts
            return {group: self._tagged(group, members) for group, members in self._accounts.items()}

    def _ask(
        self, account: Account, template: Template, token: str | None = None, **values: str
    ) -> httpx.Response:
        values = {
            "user": account.id,
            "n": "000000001",
            "etag": account.etag,
            "since": account.since,
            **values,
        }
        path, body, headers = template.fill(**values)
        bearer = account.token if token is None else token
        sent = dict(headers)
        if body is not None:
            sent["Content-Type"] = "application/json"
        if bearer:
            sent["Authorization"] = f"Bearer {bearer}"
        return self._client.request(template.method, path, content=body, headers=sent)

    def _template(self, operation: Operation, group: str) -> Template | None:
        return self._dialect.template(operation, self._sizes[group])

    def _answer(self, account: Account, group: str, operation: Operation, **values: str) -> httpx.Response:
        template = self._template(operation, group)
        assert template is not None, f"{self._dialect.name} has no {operation}"
        response = self._ask(account, template, **values)
        _expect(
            template.status,
            response.status_code,
            f"{operation} of {self._contender.name}: {response.text[:300]}",
        )
        return response

    def _is_served(self, account: Account, operation: Operation, **values: str) -> bool:
        """Whether this URL leads anywhere, asked about a task that is there."""
        template = self._template(operation, self._written)
        assert template is not None, f"{self._dialect.name} has no {operation}"
        if self._dialect.name == "v2" and self._ask(account, template, **values).status_code in {404, 405}:
            self.missing.add(operation)
        return operation not in self.missing

    def _reads(self, group: str) -> None:
        account = self._accounts[group][0]
        seeded = self._seed[group]
        for index in (0, len(seeded) // 2, len(seeded) - 1):
            response = self._answer(account, group, Operation.GET, id=account.tasks[index])
            _expect(_facts(seeded[index]), self._dialect.facts(response.json()), f"get one of {group}")
        if self._template(Operation.SYNC, group) is not None and self._is_served(account, Operation.SYNC):
            changed = self._dialect.items(self._answer(account, group, Operation.SYNC).content)
            _expect(min(SYNCED, len(seeded)), len(changed), f"changed tasks of {group}")
        if self._template(Operation.LIST, group) is None:
            return
        items = self._dialect.items(self._answer(account, group, Operation.LIST).content)
        _expect(len(seeded), len(items), f"rows in the list of {group}")
        listed = [(str(item["id"]), self._dialect.facts(item)) for item in items]
        expected = [(task_id, _facts(task)) for task_id, task in zip(account.tasks, seeded, strict=True)]
        _expect(expected, listed, f"tasks in the list of {group}")

    def _creates(self, account: Account) -> None:
        before = self._contender.count_tasks(account.id)
        response = self._answer(account, self._written, Operation.CREATE, n="000000007")
        created = self._dialect.facts(response.json())
        _expect(
            Facts("Order new curtains and measure window 000000007", None, False, None),
            created,
            "created task",
        )
        _expect(before + 1, self._contender.count_tasks(account.id), "rows after a creation")
        fetched = self._answer(account, self._written, Operation.GET, id=str(response.json()["id"]))
        _expect(created, self._dialect.facts(fetched.json()), "get of the created task")

    def _updates(self, account: Account) -> None:
        task_id = account.tasks[1]
        old = self._dialect.facts(self._answer(account, self._written, Operation.GET, id=task_id).json())
        response = self._answer(account, self._written, Operation.UPDATE, id=task_id, n="000000008")
        expected = replace(old, title="Order new curtains and measure window 000000008")
        _expect(expected, self._dialect.facts(response.json()), "updated task")
        fetched = self._answer(account, self._written, Operation.GET, id=task_id)
        _expect(expected, self._dialect.facts(fetched.json()), "get of the updated task")

    def _toggles(self, account: Account) -> None:
        task_id = account.open_tasks[-1]
        if not self._is_served(account, Operation.TOGGLE, id=task_id, flag="false", verb="reopen"):
            return
        for completed, flag, verb in ((True, "true", "complete"), (False, "false", "reopen")):
            response = self._answer(
                account, self._written, Operation.TOGGLE, id=task_id, flag=flag, verb=verb
            )
            _expect(completed, self._dialect.facts(response.json()).completed, "toggled task")
            fetched = self._answer(account, self._written, Operation.GET, id=task_id)
            _expect(completed, self._dialect.facts(fetched.json()).completed, "get of the toggled task")

    def _refusals(self, account: Account, other: Account) -> None:
        get = self._template(Operation.GET, self._written)
        update = self._template(Operation.UPDATE, self._written)
        assert get is not None
        assert update is not None
        for template in (get, update):
            response = self._ask(other, template, id=account.tasks[0])
            _expect(404, response.status_code, f"{template.method} of somebody else's task")
        refused = {"", account.token[:-6] + "AAAAAA"}
        for token in refused:
            response = self._ask(account, get, token=token, id=account.tasks[0])
            # PocketBase hides a record from who may not see it instead of asking for a token.
            if response.status_code not in ({404} if self._dialect.name == "pocketbase" else {401}):
                raise WrongAnswer(f"get with {'a forged' if token else 'no'} token: {response.status_code}")

    def _tagged(self, group: str, members: tuple[Account, ...]) -> tuple[Account, ...]:
        template = self._template(Operation.REVALIDATE, group)
        if template is None or template.status != 304:
            return members
        tagged = []
        for account in members:
            etag = self._answer(account, group, Operation.LIST).headers["etag"]
            tagged.append(replace(account, etag=etag))
        response = self._ask(tagged[0], template)
        _expect((304, b""), (response.status_code, response.content), f"revalidation of {group}")
        return tuple(tagged)


def _facts(task: Task) -> Facts:
    return Facts(task.title, task.description, task.completed_at is not None, task.priority)


def serves(contender: Contender, dialect: Dialect, accounts: Accounts) -> bool:
    """Whether this contract is mounted on the running server: a list that is not 404."""
    group, members = next(iter(accounts.items()))
    template = dialect.template(Operation.LIST, 50)
    assert template is not None, f"{dialect.name} lists no {group}"
    path, _, headers = template.fill(etag="")
    url = f"http://127.0.0.1:{contender.port}{path}"
    response = httpx.get(url, headers={**headers, "Authorization": f"Bearer {members[0].token}"}, timeout=30)
    return response.status_code != 404
