"""Each header as a module of clang's, so that it is parsed once instead of once per file that
includes it. What a file sees is what it would see by including: a module is built from its header
alone, and makes visible what that includes, and no more.

Source: the page "Modules" of clang's documentation.
"""
import pathlib
import re
import subprocess

# Modules are built with the default of hexadecimal floating literals, which is to have none, and
# pragmas in the library's headers do not reach what is instantiated elsewhere. GCC warns of both.
NOT_OF_MODULES = ["-Wno-c++17-extensions", "-Wno-deprecated-declarations"]
# C's own headers are included as they are: they may be included again and again.
OF_CXX = re.compile(r"/c\+\+/|/fmt/|/simdjson\.h$")


def include_folders(command):
    """Where the compiler looks for `#include <...>`, in order."""
    said = subprocess.run([*command, "-E", "-v", "-x", "c++", "/dev/null"], capture_output=True,
                          text=True, check=True).stderr
    listed = said.partition("#include <...> search starts here:")[2].partition("End of search")[0]
    return [pathlib.Path(line.strip()) for line in listed.splitlines() if line.strip()]


def foreign_headers(command, texts):
    """The headers of C++ libraries that any of the texts includes."""
    names = sorted({name for text in texts
                    for name in re.findall(r"^#include <(.*)>", text, re.MULTILINE)})
    folders = include_folders(command)
    found = (next((f / name for f in folders if (f / name).exists()), None) for name in names)
    return [path for path in found if path and OF_CXX.search(str(path))]


def module_flags(command, own_headers, folder):
    """Writes the map of modules into the folder; returns the flags that make use of it."""
    texts = [path.read_text() for path in own_headers]
    of_others = foreign_headers(command, texts)
    modules = [(path, " [system]") for path in of_others] + [(path, "") for path in own_headers]
    text = "".join(f'module m{number}{attribute} {{ header "{path}" export * }}\n'
                   for number, (path, attribute) in enumerate(modules))
    written = folder / "headers.modulemap"
    if not written.exists() or written.read_text() != text:
        written.write_text(text)
    return ["-fmodules", "-fno-implicit-module-maps", f"-fmodule-map-file={written}",
            f"-fmodules-cache-path={folder / 'modules'}", *NOT_OF_MODULES]
