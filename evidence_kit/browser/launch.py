"""Start Chromium with a fresh profile of its own and end it, whatever happens in between.

The profile is a new temporary folder, removed at the end, so nothing of an earlier capture is sent to a site and
nothing of this one stays; unless a folder is named that is kept. The debugging port is chosen by the system and read
from ``DevToolsActivePort``.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evidence_kit.browser.authorities import home_that_believes
from evidence_kit.browser.keeper import end_processes, kept, remove_profile, remove_socket, socket_folder
from evidence_kit.errors import CaptureError

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0

_QUIET = (
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--no-service-autorun",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    "--metrics-recording-only",
    "--password-store=basic",
    "--use-mock-keychain",
)
"""No traffic and no questions of the browser's own."""

_UNSEEN = ("--headless=new", "--mute-audio", "--hide-scrollbars")
"""Nobody sits before it."""

_STEADY = (
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
)
"""The same picture on every machine, as far as fonts allow."""

_OFF_FEATURES = (
    "AcceptCHFrame",
    "AutofillServerCommunication",
    "CertificateTransparencyComponentUpdater",
    "DestroyProfileOnBrowserClose",
    "DialMediaRouteProvider",
    "GlobalMediaControls",
    "HttpsUpgrades",
    "InterestFeedContentSuggestions",
    "MediaRouter",
    "OptimizationHints",
    "PaintHolding",
    "Translate",
)
"""Features that talk to the maker, or that change the address asked for (HttpsUpgrades)."""

_ANNOUNCING = ("WebRtcHideLocalIpsWithMdns",)
"""What joins a multicast group of the local network when a page makes a WebRTC connection; through a proxy it has no
addresses to hide."""

_NO_NAMES = "--host-resolver-rules=MAP * ^NOTFOUND, EXCLUDE 127.0.0.1"
"""Names of WebRTC are looked up beside any proxy, which looks up all others."""

_PREFERENCES = {
    "autofill": {"credit_card_enabled": False, "profile_enabled": False},
    "credentials_enable_service": False,
    "profile": {"password_manager_enabled": False},
}
"""Of a new profile with a window: what is typed is neither kept nor offered to be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchOptions:
    """How Chromium is started."""

    viewport: tuple[int, int]
    """Width and height in CSS pixels, at one device pixel each."""
    locale: str
    """BCP 47, e.g. ``mn-MN``: language asked for and form of dates."""
    timezone: str
    """IANA name, e.g. ``Asia/Ulaanbaatar``."""
    insecure: bool = False
    """Go on although a server's certificate is invalid."""
    connect_to: tuple[tuple[str, str], ...] = ()
    """``(HOST[:PORT], ADDRESS:PORT)``: go there instead of asking DNS. Training and tests only."""
    authorities: tuple[str, ...] = ()
    """Certificate authorities, in PEM, that are believed beside the usual ones. Training and tests only."""
    tap: "Tap | None" = None
    """Where all connections lead through; *connect_to* is then its business."""
    enclosure: int | None = None
    """Port of the HTTP proxy on 127.0.0.1 that is to be the only way out; no name is looked up, none is reached."""
    window: bool = False
    """Whether a person is to see and use it."""
    profile: Path | None = None
    """A folder for the profile that is kept; None for a new one, removed at the end."""

    @property
    def alone(self) -> bool:
        """Whether no packet may leave this machine."""
        return self.enclosure is not None or (self.tap is not None and self.tap.silent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """A SOCKS5 relay on 127.0.0.1, and the file for the secrets of TLS connections."""

    port: int
    key_log: Path | None = None
    silent: bool = False
    """Whether nothing answers at the port, and the browser has no network at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """Whether pages ran inside Chromium's sandbox, and why not."""

    on: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chromium:
    """A running Chromium."""

    address: str
    """The ``ws://`` address of its protocol socket, on this machine."""
    process: subprocess.Popen[bytes]
    sandbox: Sandbox
    arguments: tuple[str, ...]
    """The command line without the program and without the profile's path."""


def sandbox_here() -> Sandbox:
    """Return whether Chromium can use its sandbox: it refuses to start with one for root."""
    if sys.platform != "win32" and os.geteuid() == 0:
        return Sandbox(on=False, why="the kit ran as root, for whom Chromium has no sandbox")
    return Sandbox(on=True)


def chromium_arguments(options: LaunchOptions, sandbox: Sandbox) -> tuple[str, ...]:
    """Return the command-line arguments of a capture, all but the profile's path."""
    width, height = options.viewport
    language = options.locale.split("-", maxsplit=1)[0]
    arguments = [
        *(() if options.window else _UNSEEN),
        "--remote-debugging-port=0",
        *_QUIET,
        *_STEADY,
        f"--disable-features={','.join((*_OFF_FEATURES, *(_ANNOUNCING if options.alone else ())))}",
        f"--window-size={width},{height}",
        "--force-device-scale-factor=1",
        f"--lang={options.locale}",
        f"--accept-lang={options.locale},{language},en",
    ]
    if not sandbox.on:
        arguments.append("--no-sandbox")
    if options.window and sys.platform == "linux" and "DISPLAY" not in os.environ:
        arguments.append("--ozone-platform=wayland")
    if options.insecure:
        arguments.append("--ignore-certificate-errors")
    if options.tap:
        arguments += _through(f"socks5://127.0.0.1:{options.tap.port}")
    elif options.enclosure:
        arguments += _through(f"http://127.0.0.1:{options.enclosure}")
    elif options.connect_to:
        rules = ",".join(f"MAP {host} {address}" for host, address in options.connect_to)
        arguments.append(f"--host-resolver-rules={rules}")
    if options.tap or options.enclosure:
        # The second keeps the browser from warning of the first across the whole width of a window, seen or unseen: the
        # warning moves the page under the pointer.
        arguments += [_NO_NAMES, "--test-type"]
    return (*arguments, "about:blank")


def _environment(options: LaunchOptions, given: Mapping[str, str] | None, folder: Path) -> Mapping[str, str]:
    # Else what a page's process had in memory when it crashed would be kept in the settings folder of the user.
    environment = {**(os.environ if given is None else given), "BREAKPAD_DUMP_LOCATION": str(folder / "dumps")}
    if options.authorities:
        environment |= home_that_believes(options.authorities, folder / "home", environment)
    if options.tap and options.tap.key_log:
        # Not the switch of the same meaning: the command line is evidence too, and names no folder of this machine.
        environment["SSLKEYLOGFILE"] = str(options.tap.key_log)
    return environment


def _through(proxy: str) -> list[str]:
    """Return what leads every connection through *proxy*: loopback addresses too, and nothing over UDP."""
    return [
        f"--proxy-server={proxy}",
        "--proxy-bypass-list=<-loopback>",
        "--disable-quic",
        # One switch for the browser, one for content that overrides it: with either alone packets were seen to escape.
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    ]


@contextlib.contextmanager
def launched(
    program: Path, options: LaunchOptions, *, environment: Mapping[str, str] | None = None
) -> Iterator[Chromium]:
    """Run the Chromium at *program* until the block is left, however it is left; then nothing of it remains.

    Only a profile that is kept stays: with one the browser is given a moment to end by itself. *environment* replaces
    the process's own. Raises `CaptureError` when it does not start within 30 seconds, or cannot be given one of the
    authorities of *options*, and `SettingsError` where no browser can be given any.
    """
    sandbox = sandbox_here()
    arguments = chromium_arguments(options, sandbox)
    folder = Path(tempfile.mkdtemp(prefix="evidence-kit-"))
    profile = options.profile or folder / "profile"
    socket = None
    try:
        _prepare(profile, options)
        with (folder / "stderr.txt").open("wb") as errors, kept(folder) as keeper:
            command = [str(program), f"--user-data-dir={profile}", *arguments]
            process = _start(command, errors.fileno(), _environment(options, environment, folder))
            try:
                keeper.write(b"%d\n" % process.pid)
                keeper.flush()
                address = _address(process, profile, folder)
                # Now, since a browser that is killed while it ends may have removed the link to it and nothing else.
                socket = socket_folder(profile)
                yield Chromium(address=address, process=process, sandbox=sandbox, arguments=arguments)
                if options.profile:
                    # What was set in it is written down now and then, and when it ends in order.
                    _wait(process)
            finally:
                stop(process)
    finally:
        remove_socket(socket or socket_folder(profile))
        remove_profile(folder)


def window_possible(environment: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Return whether there is a screen to show a window on, as far as the *environment* tells."""
    return platform != "linux" or bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the browser and all processes it started."""
    end_processes(process.pid)
    _wait(process)


def _wait(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)


def _prepare(profile: Path, options: LaunchOptions) -> None:
    """Make *profile* ready for a start: no port of an earlier browser in it, and nothing kept of what is typed."""
    (profile / "DevToolsActivePort").unlink(missing_ok=True)
    preferences = profile / "Default" / "Preferences"
    if options.window and not preferences.exists():
        preferences.parent.mkdir(parents=True)
        preferences.write_text(json.dumps(_PREFERENCES), encoding="utf-8")


def _start(command: list[str], errors: int, environment: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
    # A process group of its own: Ctrl-C on the terminal reaches the kit only, which then ends the browser itself.
    windows = sys.platform == "win32"
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment,
            start_new_session=not windows,
            creationflags=0x00000200 if windows else 0,
        )
    except OSError as error:
        message = f"the browser {command[0]} cannot be started: {error.strerror}"
        raise CaptureError(message) from error


def _address(process: subprocess.Popen[bytes], profile: Path, folder: Path) -> str:
    port_file = profile / "DevToolsActivePort"
    limit = time.monotonic() + _START_SECONDS
    while time.monotonic() < limit:
        lines = _lines(port_file)
        if len(lines) >= 2:  # noqa: PLR2004
            return f"ws://127.0.0.1:{int(lines[0])}{lines[1]}"
        if process.poll() is not None:
            break
        time.sleep(0.02)
    said = (folder / "stderr.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    fatal = [line for line in said if ":FATAL:" in line or "error while loading" in line]
    message = f"the browser did not start: {(fatal or said or ['it said nothing'])[-1]}"
    raise CaptureError(message, hint="start it once by hand to see what it lacks")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, PermissionError):
        # Not written yet; on Windows it may be open in the browser for a moment.
        return []
