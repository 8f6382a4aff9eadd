"""Makes the Debian package, installs it in a root of its own, and uses it there.

The root is this machine's as it was, on an overlay that is thrown away, without the source tree and
without what install-deps.sh has built: the package has to bring all of that. Skipped where
there is no dpkg or where overlays cannot be mounted.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import installed
from installed import run

# In a mount namespace of its own, so that nothing stays mounted. $1 is a folder for the overlay,
# $2 the package, $3 the source tree, which is hidden.
SCRIPT = """
set -eu
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay none -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root" || exit 77
cp "$2" "$1/root/package.deb"
mount -t tmpfs none "$1/root$3"
mount -t tmpfs none "$1/root/tmp"
mount -t tmpfs none "$1/root${HOME:-/root}"
mount -t proc none "$1/root/proc"
mount --bind /dev "$1/root/dev"
exec chroot "$1/root" sh -eu -c '
  dpkg --install /package.deb
  cd /tmp && ferrule new greeter && cd greeter
  cmake --preset release
  cmake --build --preset release
  ctest --preset release
  build/release/greeter --help
  dpkg --remove libferrule-dev
  ! ls -d /usr/bin/ferrule /usr/include/ferrule /usr/lib/cmake/ferrule 2>/dev/null'
"""


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def main():
    args = installed.arguments()
    for command in ("dpkg", "unshare", "chroot"):
        if not shutil.which(command):
            skip(f"there is no {command} here")
    if os.geteuid() != 0:
        skip("only root may mount an overlay")
    run(pathlib.Path(args.cmake).with_name("cpack"), "-B", args.out,
        "--config", args.build / "CPackConfig.cmake", cwd=args.out)
    made, = args.out.glob("libferrule-dev_*.deb")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["unshare", "--mount", "sh", "-c", SCRIPT, "sh", folder, made,
                               args.root])
    if done.returncode == 77:
        skip("an overlay cannot be mounted here")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
