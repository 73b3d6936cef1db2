"""Lets the package index's Linux torch wheel be imported without the 5 GB of CUDA libraries that it links against.

The wheel's own CPU code is untouched. Each CUDA library that is missing gets a placeholder beside torch's libraries, in which
every function that torch could call answers "no device" (100, cudaErrorNoDevice). No CPU operation calls one.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from elftools.elf.sections import SymbolTableSection

CUDA = re.compile(r"lib(cu|nv|nccl)")
"""Names of CUDA's libraries: libcudart, libcublas, libnvrtc, libnccl, ..."""

CUDA_FUNCTION = re.compile(r"_*p?(cu|nv|nccl)[A-Za-z]")


@dataclass
class Linked:
    """What a set of libraries links against."""

    needed: set[str] = field(default_factory=set)
    versions: dict[str, str] = field(default_factory=dict)
    """Symbol version that is asked of a library, by the library's name."""
    wanted: set[str] = field(default_factory=set)
    defined: set[str] = field(default_factory=set)

    def add(self, library: Path) -> None:
        """Reads one library's dynamic section, symbol versions and symbols."""
        with library.open("rb") as stream:
            for section in ELFFile(stream).iter_sections():
                if isinstance(section, DynamicSection):
                    self.needed.update(tag.needed for tag in section.iter_tags() if tag.entry.d_tag == "DT_NEEDED")
                elif isinstance(section, GNUVerNeedSection):
                    for asked, versions in section.iter_versions():
                        self.versions.update((asked.name, version.name) for version in versions)
                elif isinstance(section, SymbolTableSection) and section.name == ".dynsym":
                    for symbol in section.iter_symbols():
                        (self.wanted if symbol["st_shndx"] == "SHN_UNDEF" else self.defined).add(symbol.name)


def main() -> int:
    """0 when torch can be imported."""
    package = importlib.util.find_spec("torch")
    if package is None or not package.submodule_search_locations:
        print("cpu_only_torch: torch is not installed", file=sys.stderr)
        return 1
    folder = Path(package.submodule_search_locations[0]) / "lib"
    libraries = [path for path in folder.glob("*.so*") if not path.is_symlink()]
    linked = Linked()
    for library in libraries:
        linked.add(library)
    missing = sorted(name for name in linked.needed if CUDA.match(name) and not (folder / name).exists())
    functions = sorted(name for name in linked.wanted - linked.defined if CUDA_FUNCTION.match(name))
    with tempfile.TemporaryDirectory() as temporary:
        source, script = Path(temporary) / "placeholder.c", Path(temporary) / "versions"
        source.write_text("".join(f"int {name}(void) {{ return 100; }}\n" for name in functions))
        for name in missing:
            versioned = [f"-Wl,--version-script={script}"] if name in linked.versions else []
            script.write_text(f"{linked.versions.get(name)} {{ *; }};\n")
            subprocess.run(["cc", "-w", "-shared", "-fPIC", f"-Wl,-soname,{name}", *versioned, "-o", folder / name, source], check=True)
    print(f"cpu_only_torch: {len(missing)} placeholders, {len(functions)} functions", file=sys.stderr)
    return subprocess.run([sys.executable, "-c", "import torch; torch.ones(2, 2) @ torch.ones(2, 2)"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
