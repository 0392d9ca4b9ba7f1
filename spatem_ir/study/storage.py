"""Results on disk: a file of SQLite that keeps every one from the moment it is there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar, Self

from spatem_ir.support.errors import SpatemError

if TYPE_CHECKING:
    from pathlib import Path


class Storage:
    """A table of rows by a key in a file that one run uses at a time.

    Every row is on disk when :meth:`_insert` returns; whatever ends the process, nothing is lost.
    What a subclass keeps is said by its table; by `application` and `layout` a file says what it
    is.

    Attributes:
        what: Of what it is a store, for messages: `explorations`.
        application: The number of files of this kind, SQLite's `application_id`.
        layout: The version of the table.
        table: The statement that makes it.

    Raises:
        SpatemError: the file cannot be opened or made, is another one, or is in use.
    """

    what: ClassVar[str]
    application: ClassVar[int]
    layout: ClassVar[int]
    table: ClassVar[str]

    def __init__(self, file: Path):
        self.file = file
        try:
            self._connection = sqlite3.connect(file, timeout=0, isolation_level=None)
            self._open()
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _open(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        execute("BEGIN EXCLUSIVE")
        application, layout, tables = (
            execute(query).fetchone()[0]
            for query in (
                "PRAGMA application_id",
                "PRAGMA user_version",
                "SELECT count(*) FROM sqlite_schema",
            )
        )
        if not tables:
            execute(f"PRAGMA application_id = {self.application}")
            execute(f"PRAGMA user_version = {self.layout}")
            execute(self.table)
        elif (application, layout) != (self.application, self.layout):
            raise SpatemError(f"{self.file}: is no store of {self.what}; name another --store")
        execute("COMMIT")

    def _error(self, error: sqlite3.Error) -> SpatemError:
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            return SpatemError(
                f"{self.file}: is in use by another run; wait for it, or name another --store"
            )
        return SpatemError(f"{self.file}: is no usable store: {error}; name another --store")

    def _row(self, query: str, key: str) -> tuple[Any, ...] | None:
        with closing(self._connection.execute(query, (key,))) as cursor:
            return cursor.fetchone()

    def _insert(self, statement: str, row: tuple[Any, ...]) -> None:
        """Keep a row.

        Raises:
            SpatemError: it cannot be written.
        """
        try:
            self._connection.execute(statement, row)
        except sqlite3.Error as error:
            raise self._error(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
