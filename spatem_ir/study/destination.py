"""Where the files of a study go: a folder of its own, and a Markdown document that people write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from spatem_ir.study.documents import check_folder, make_folder
from spatem_ir.study.insertion import inserted, insertion_point
from spatem_ir.support.files import check_outputs, write_together

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Destination:
    """A folder for all files of a study, and a document with a place for its tables, if wanted.

    None of the files `inputs` is overwritten.
    """

    folder: Path | None = None
    document: Path | None = None
    inputs: Collection[str] = ()

    def check(self) -> None:
        """Check, before long work, that files can be written.

        Raises:
            SpatemError: they cannot, or the document has no place for tables.
        """
        if self.folder is not None:
            check_folder(self.folder)
        if self.document is not None:
            insertion_point(self.document)
            check_outputs([str(self.document)], self.inputs)

    def write(self, documents: Mapping[str, bytes], tables: str) -> None:
        """Write documents, by name, into the folder and tables into the document, or nothing.

        Raises:
            SpatemError: the folder cannot be made, or a file cannot be written.
        """
        files: dict[str, bytes] = {}
        if self.folder is not None:
            make_folder(self.folder)
            files |= {str(self.folder / name): content for name, content in documents.items()}
        if self.document is not None:
            files[str(self.document)] = inserted(self.document, tables)
        write_together(files, self.inputs)
