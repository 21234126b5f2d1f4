#!/usr/bin/env python3
"""Parley's one command: it brings what is missing, then runs, tests or checks this checkout.

    python3 dev.py run     set everything up and start the server; the address is printed
    python3 dev.py install set everything up and start nothing, for a service to run
    python3 dev.py test    run all tests; `test -k words` or `test tests/…` only those of the server; `test --all` the
                           slow ones too
    python3 dev.py check   lint, format, types, who may import whom, and known weaknesses
    python3 dev.py bench   measure how fast it is, alone and beside other servers
    python3 dev.py faults  break everything on purpose, for long; prove that nothing is lost
    python3 dev.py aws     the API Gateway door under every emulator of AWS there is
    python3 dev.py docs    write the tables in docs/ and the client's types anew from the code

It needs Python 3.11 or newer and nothing else: no pip, no make, no Node. What it brings goes into
.venv/ and client/node_modules/; what is there and unchanged is not brought again.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
BIN = os.path.join(VENV, "bin")
PYTHON = os.path.join(BIN, "python")
CLIENT = os.path.join(ROOT, "client")
NPM = ["npm", "--prefix", CLIENT]
STAMPS = os.path.join(VENV, "stamps")
PEERS = os.path.join(ROOT, "bench", "peers")

# Tests wait for servers and browsers most of the time; a file's tests share theirs, so they stay together. The order of
# the files is that of tests/conftest.py.
SIDE_BY_SIDE = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder")
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = (22, 12)


# The commands --------------------------------------------------------------------------------


def run(*arguments):
    """Set up, build the web client, and become the server."""
    install()
    say("Starting")
    become(os.path.join(BIN, "chat"), "run", *arguments)


def install():
    """Set up what the server needs, and build the web client."""
    set_up_python("run")
    set_up_client("run")


def test(*arguments):
    """Run the tests; with other arguments than --all, only pytest, with these arguments."""
    everything = arguments in ((), ("--all",))
    set_up_python("run", "test", "aws")
    set_up_emulator()
    set_up_client("all")
    chromium = set_up_chromium()
    set_up_nginx()
    # Tests start servers and commands by the hundred; each would compile the same code anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    client_fails = everything and show(*NPM, "test")
    side_by_side = SIDE_BY_SIDE if everything else ()
    server_fails = show(PYTHON, "-m", "pytest", *side_by_side, *arguments, CHROMIUM=chromium)
    if client_fails:
        complain("The web client's tests failed; they stand above the server's.")
    return client_fails or server_fails


def check(*arguments):
    """Everything that can be said about the code without running it."""
    set_up_python("run", "test", "aws", "check")
    install_packages_of_client("all")
    checks = {
        "ruff check": [PYTHON, "-m", "ruff", "check", "."],
        "ruff format": [PYTHON, "-m", "ruff", "format", "--check", "."],
        "mypy": [PYTHON, "-m", "mypy"],
        "lint-imports": [os.path.join(BIN, "lint-imports")],
        "tsc": [*NPM, "run", "check"],
        "bandit": [PYTHON, "-m", "bandit", "-q", "-c", "pyproject.toml", "-r", "."],
        "audit": [PYTHON, os.path.join(ROOT, ".ci", "audit.py")],
    }
    failures = [name for name, command in checks.items() if show(*command)]
    say(f"\nTo mend: {', '.join(failures)}" if failures else "\nAll checks pass.")
    return bool(failures)


def bench(*names):
    """Measure; figures are printed, kept in bench/results/, and compared with their limits."""
    set_up_python("run", "test")
    set_up_client("run")
    set_up_peers()
    return show(PYTHON, "-m", "bench", *names, CHROMIUM=set_up_chromium())


def faults(*words):
    """Break everything for long: the whole fault suite, or the scenarios with these words in their names."""
    set_up_python("run", "test")
    set_up_client("all")
    return show(PYTHON, "-m", "tests.faults", *words)


def aws(*arguments):
    """The API Gateway door under every emulator there is, a second and slower one among them."""
    set_up_python("run", "test", "aws")
    set_up_emulator()
    set_up_client("all")
    folder = os.path.join("tests", "aws", "serverless")
    lock = [os.path.join(folder, "package.json"), os.path.join(folder, "package-lock.json")]
    npm = ["npm", "--prefix", os.path.join(ROOT, folder), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    step("Second AWS emulator", npm, made_from=lock, makes=os.path.join(ROOT, folder, "node_modules"))
    tests = arguments or ("tests/aws",)
    return show(PYTHON, "-m", "pytest", *tests, CHROMIUM=set_up_chromium(), PARLEY_SERVERLESS="1")


def docs(*arguments):
    """Write the tables in docs/ and the client's types anew from the code."""
    set_up_python("run")
    return show(PYTHON, os.path.join(ROOT, "docs", "generate.py"))


COMMANDS = {
    "run": run,
    "install": install,
    "test": test,
    "check": check,
    "bench": bench,
    "faults": faults,
    "aws": aws,
    "docs": docs,
}


# What they need ------------------------------------------------------------------------------


def set_up_python(*locks):
    """The virtual environment with the locked packages, and this checkout in it."""
    if not works(PYTHON, "-c", f"import sys; sys.exit(sys.version_info < {OLDEST_PYTHON})"):
        make_environment()
    for name in locks:
        install_packages(name)
    step(
        "Parley itself, in place",
        pip("--no-deps", "--no-build-isolation", "--editable", "."),
        made_from=["setup.cfg", "pyproject.toml"],
        makes=os.path.join(BIN, "chat"),
    )


def make_environment():
    """An empty .venv, with a pip of its own or else served by the system's."""
    shutil.rmtree(VENV, ignore_errors=True)
    if not works(sys.executable, "-c", "import ensurepip") and not system_has_pip() and can_use_apt():
        # Debian packs parts of the standard library apart.
        apt = ["apt-get", "-o", "DPkg::Lock::Timeout=120"]
        step("Debian's list of packages", [*apt, "update"])
        step("Debian's python3-venv", [*apt, "install", "-y", "--no-install-recommends", "python3-venv"])
    if works(sys.executable, "-c", "import ensurepip"):
        step("Virtual environment", [sys.executable, "-m", "venv", VENV])
    elif system_has_pip():
        step("Virtual environment", [sys.executable, "-m", "venv", "--without-pip", VENV])
    else:
        version = "{}.{}".format(*sys.version_info)
        sys.exit(f"This Python has neither venv nor pip. On Debian or Ubuntu: apt install python{version}-venv")


def system_has_pip():
    """Whether the Python that runs this has a pip that can serve another environment (22.3 or newer)."""
    return works(sys.executable, "-m", "pip", "--python", sys.executable, "--version")


def install_packages(name):
    """The packages of one lock file; each file's hash is compared with the lock."""
    lock = os.path.join("requirements", f"{name}.txt")
    step(f"Python packages, {name}", pip("--require-hashes", "-r", lock), made_from=[lock])


def pip(*arguments):
    """The command that installs into .venv."""
    return [*pip_for(PYTHON), "install", *arguments]


def pip_for(python):
    """A pip that serves the environment of this Python: the one in .venv, or the system's."""
    has_own = os.path.exists(os.path.join(BIN, "pip"))
    if has_own and python == PYTHON:
        return [PYTHON, "-m", "pip"]
    return [PYTHON if has_own else sys.executable, "-m", "pip", "--python", python]


def set_up_client(extent):
    """The web client, built to chat/static/app/; for tests ("all") also many of it without pages, to client/build/."""
    install_packages_of_client(extent)
    step(
        "Web client, built",
        [*NPM, "run", "build"],
        made_from=files_of_client(),
        makes=os.path.join(ROOT, "chat", "static", "app"),
    )
    if extent == "all":
        step(
            "Crowd of web clients, built",
            [*NPM, "run", "build:crowd"],
            made_from=files_of_client(),
            makes=os.path.join(CLIENT, "build"),
        )


def install_packages_of_client(extent):
    """The npm packages: those to build with ("run"), or the test tools too ("all")."""
    set_up_node()
    title = "npm packages"
    lock = ["client/package.json", "client/package-lock.json"]
    makes = os.path.join(CLIENT, "node_modules")
    command = [*NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    if extent == "run" and not is_fresh(title, command, lock, makes):
        command.append("--omit=dev")
    step(title, command, made_from=lock, makes=makes)


def set_up_node():
    """A Node that is new enough on PATH: the machine's, or one from PyPI in .venv."""
    if version_of("node") < OLDEST_NODE or not shutil.which("npm"):
        os.environ["PATH"] = BIN + os.pathsep + os.environ["PATH"]
        install_packages("node")


def set_up_peers():
    """What Parley is measured against: npm packages, and a real chat server in an environment of its own.

    What cannot be brought is left out; the measurements say so.
    """
    npm_lock = ["bench/peers/package.json", "bench/peers/package-lock.json"]
    npm = ["npm", "--prefix", PEERS, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    packages = os.path.join(PEERS, "node_modules")
    step("npm packages to compare with", npm, made_from=npm_lock, makes=packages, may_fail=True)
    lock, own = os.path.join("requirements", "peers.txt"), os.path.join(PEERS, ".venv")
    python = os.path.join(own, "bin", "python")
    empty = [PYTHON, "-m", "venv", "--without-pip", "--clear", own]
    step("Environment to compare with", empty, made_from=[lock], makes=python, may_fail=True)
    install = [*pip_for(python), "install", "--require-hashes", "-r", lock]
    synapse = os.path.join(own, "bin", "synapse_homeserver")
    step("Chat server to compare with", install, made_from=[lock], makes=synapse, may_fail=True)


def set_up_emulator():
    """What stands in for AWS in the tests, in an environment of its own; what cannot be brought is left out, loudly."""
    lock, own = os.path.join("requirements", "emulator.txt"), os.path.join(VENV, "emulator")
    python = os.path.join(own, "bin", "python")
    empty = [PYTHON, "-m", "venv", "--without-pip", "--clear", own]
    step("Environment for the AWS emulator", empty, made_from=[lock], makes=python, may_fail=True)
    install = [*pip_for(python), "install", "--require-hashes", "-r", lock]
    step("AWS emulator", install, made_from=[lock], makes=os.path.join(own, "bin", "cfn-lint"), may_fail=True)


def set_up_chromium():
    """The path of a browser for the tests, installed if there is none."""
    from tests.browser import chromium

    if "CHROMIUM" in os.environ and not chromium.find_chromium():
        sys.exit(f"CHROMIUM={os.environ['CHROMIUM']} does not start.")
    for way in [{}, *chromium.ways_to_install(PYTHON)]:
        for title, command in way.items():
            step(title, command, may_fail=True)
        path = chromium.find_chromium()
        if path:
            return path
    sys.exit(f"The browser tests need Chromium: {chromium.how_to_install()}")


def set_up_nginx():
    """The web server that the tests put in front. PostgreSQL and Redis come as Python packages."""
    if not shutil.which("nginx") and os.geteuid() == 0 and shutil.which("apt-get"):
        apt = ["env", "RUNLEVEL=1", "apt-get", "-o", "DPkg::Lock::Timeout=120"]  # it must not begin to serve by itself
        step("Debian's list of packages", [*apt, "update"], may_fail=True)
        step("Debian's nginx", [*apt, "install", "-y", "--no-install-recommends", "nginx"], may_fail=True)
    if not shutil.which("nginx"):
        how = "brew install nginx" if sys.platform == "darwin" else "sudo apt-get install nginx"
        sys.exit(f"The tests of the web server in front need nginx: {how}")


# Steps ---------------------------------------------------------------------------------------


def step(title, command, made_from=(), makes=VENV, may_fail=False):
    """Run a command quietly and say how long it took; skip it if its sources are those of last time.

    What the command writes is shown only when it fails.
    """
    if made_from and is_fresh(title, command, made_from, makes):
        return
    forget(title)  # a step that is cut short must not look done
    began = time.monotonic()
    with tempfile.TemporaryFile() as output:
        with subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        ) as process:
            wait_for(process, title, began)
        line = f"  {title} ".ljust(44, ".")
        if process.returncode == 0:
            say(f"{line} {time.monotonic() - began:.1f} s")
        else:
            output.seek(0)
            complain(f"{line} failed\n\n$ {' '.join(command)}\n{output.read().decode(errors='replace')}")
            if not may_fail:
                sys.exit(process.returncode)
            return
    if made_from:
        remember(title, command, made_from)


def wait_for(process, title, began):
    """Wait, on a terminal with the seconds counting."""
    while process.poll() is None:
        if sys.stdout.isatty():
            print(f"\r  {title} ".ljust(45, ".") + f" {time.monotonic() - began:.0f} s ", end="", flush=True)
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            continue
    if sys.stdout.isatty():
        print("\r", end="")


def is_fresh(title, command, made_from, makes):
    """Whether this very step has been done with these very sources."""
    try:
        with open(stamp(title)) as done:
            return os.path.exists(makes) and done.read() == fingerprint(command, made_from)
    except FileNotFoundError:
        return False


def remember(title, command, made_from):
    os.makedirs(STAMPS, exist_ok=True)
    with open(stamp(title), "w") as done:
        done.write(fingerprint(command, made_from))


def forget(title):
    if os.path.exists(stamp(title)):
        os.remove(stamp(title))


def stamp(title):
    return os.path.join(STAMPS, title.replace(" ", "-"))


def fingerprint(command, files):
    """A hash of a command and of the files it works from."""
    digest = hashlib.sha256(repr(command[1:]).encode())
    for name in files:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(name.encode() + b"\0" + hashlib.sha256(file.read()).digest())
    return digest.hexdigest()


def files_of_client():
    """Everything that is built from client/ depends on."""
    found = []
    for folder, folders, files in os.walk(CLIENT):
        folders[:] = sorted(set(folders) - {"node_modules", "build"})
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in sorted(files)]
    return found


# Small words ---------------------------------------------------------------------------------


def show(*command, **environment):
    """Run a command before the reader's eyes; its exit status."""
    say(f"\n$ {' '.join(os.path.relpath(word, ROOT) if word.startswith(ROOT) else word for word in command)}")
    environment = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, env=environment).returncode


def become(*command):
    """Turn into another program, so that signals and the exit status are its own."""
    os.chdir(ROOT)
    os.execv(command[0], command)


def works(*command):
    """Whether a command exists and succeeds."""
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0
    except OSError:
        return False


def version_of(program):
    """The version of a program as numbers; (0,) if it is absent."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
        return tuple(int(number) for number in said.strip().lstrip("v").split(".")[:2])
    except (OSError, ValueError):
        return (0,)


def can_use_apt():
    """Whether Debian's packages may be installed for the whole machine."""
    ours = sys.executable.startswith("/usr/bin/") and os.geteuid() == 0
    return ours and bool(shutil.which("apt-get"))


def say(text):
    print(text, flush=True)


def complain(text):
    print(text, file=sys.stderr, flush=True)


def newer_python():
    """The name of an installed Python that is new enough, or None."""
    names = [f"python3.{minor}" for minor in range(19, OLDEST_PYTHON[1] - 1, -1)]
    return next((name for name in names if works(name, "--version")), None)


def main():
    if sys.version_info < OLDEST_PYTHON:
        newer = newer_python()
        if not newer:
            sys.exit("Parley needs Python {}.{} or newer; this is {}.{}.".format(*OLDEST_PYTHON, *sys.version_info))
        become(shutil.which(newer), os.path.abspath(__file__), *sys.argv[1:])
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        say(__doc__.strip())
        sys.exit(len(sys.argv) > 1 and sys.argv[1] not in ("help", "-h", "--help"))
    os.environ.update(PIP_DISABLE_PIP_VERSION_CHECK="1", DEBIAN_FRONTEND="noninteractive")
    try:
        sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
