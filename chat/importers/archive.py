"""Reads JSON out of a zip that somebody sent: nothing is unpacked to disk, and nothing absurd is unpacked at all."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import Any

from chat.importers.export import BadExport

MAX_FILES = 1_000_000
MAX_FILE = 256 * 2**20  # bytes of one file, unpacked
MAX_TOTAL = 8 * 2**30
SUSPICIOUS = 200 * 2**20  # from this size on, a ratio that no text reaches tells a bomb
MAX_RATIO = 100


class Archive:
    """An opened zip. Broken ones, and those that only look like an export, raise BadExport."""

    def __init__(self, path: Path) -> None:
        try:
            self.zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError):
            raise BadExport(f"{path.name} is not a zip file, or a damaged one") from None
        except OSError as error:
            raise BadExport(f"{path} cannot be read: {error.strerror or error}") from None
        try:
            self.files = {info.filename: info for info in self.zip.infolist() if not info.is_dir()}
            self._refuse_absurd()
        except BaseException:
            self.zip.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.zip.close()

    def _refuse_absurd(self) -> None:
        for name, info in self.files.items():
            if (
                name.startswith(("/", "\\"))
                or ".." in name.replace("\\", "/").split("/")
                or ":" in name.partition("/")[0]
            ):
                raise BadExport(f"the zip holds a path that leads out of it: {name[:100]!r}")
            if info.file_size > MAX_FILE and name.endswith(".json"):
                raise BadExport(f"{name} is too large: {info.file_size:,} bytes")
        total = sum(info.file_size for info in self.files.values())
        packed = sum(info.compress_size for info in self.files.values())
        if len(self.files) > MAX_FILES or total > MAX_TOTAL or (total > SUSPICIOUS and total > MAX_RATIO * packed):
            raise BadExport(f"the zip is no export: it would unpack to {total:,} bytes in {len(self.files):,} files")

    def read(self, name: str) -> Any:
        """The JSON of a file."""
        try:
            return json.loads(self.zip.read(self.files[name]))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            # A RuntimeError is zipfile's word for an encrypted file, or json's for one nested without end.
            raise BadExport(f"{name} cannot be read: {error}") from None
        except ValueError:
            raise BadExport(f"{name} is not JSON") from None

    def read_list(self, name: str) -> list[dict[str, Any]]:
        """The objects of a file that must be a list of them."""
        found = self.read(name)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise BadExport(f"{name} is not a list of objects")
        return found
