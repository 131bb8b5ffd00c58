"""Jupyter kernels for renders: forked from a warm process where the platform has a fork server, ordinary ones elsewhere.

A warm kernel is a real IPython kernel; it only starts with the heavy packages already imported. Each runs in a process and
a process group of its own, so no cell sees another run's state, and a kernel is killed with its group: with all that it
started, but for what it put into a session of its own.
"""

import asyncio
import contextlib
import math
import multiprocessing
import os
import queue
import re
import signal
import threading
import time
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner
from traitlets import default

from lib.render import warm

NAME = "figures-provisioner"
BACKEND = "module://matplotlib_inline.backend_inline"  # pictures go into the notebook
END = 100_000  # bytes of what a kernel's process said that are searched for its last words
_starting = threading.Lock()  # multiprocessing starts one process at a time
_thread = threading.local()


@dataclass(eq=False)
class Settings:
    """The settings of one run's kernel, and what became of it. runtime: folder for its own files; memory: in MiB."""

    cwd: Path
    runtime: Path
    env: dict[str, str] = field(default_factory=dict)
    cold: bool = False
    memory: int | None = None
    pid: int | None = None
    closed: bool = False

    @property
    def said(self) -> Path:
        """The file of what the kernel's process itself said, outside of cells."""
        return self.runtime / "said"

    def last_words(self) -> str:
        """The error that the kernel's process ended with, as far as it said one."""
        try:
            with self.said.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - END))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        return next((line for line in reversed(lines) if re.match(r"[\w.]*(Error|Exception|Exit)\b|Fatal ", line)), "")

    def kill(self) -> None:
        """Kill the kernel and its process group, and let no other start with these settings."""
        self.closed = True
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)


@contextlib.contextmanager
def using(settings: Settings):
    """Kernels that this thread starts inside the block have these settings; at its end they are killed."""
    entry = EntryPoint(NAME, f"{__name__}:Provisioner", KernelProvisionerFactory.GROUP_NAME)
    KernelProvisionerFactory.instance().provisioners[NAME] = entry
    _thread.settings = settings
    try:
        yield
    finally:
        settings.kill()
        _thread.settings = None


class _Specs(KernelSpecManager):
    """The kernel of this Python alone, to be started by the Provisioner: other kernels of this process start as ever."""

    def get_kernel_spec(self, kernel_name):
        spec = super().get_kernel_spec(kernel_name)
        spec.metadata = {**spec.metadata, "kernel_provisioner": {"provisioner_name": NAME}}
        return spec


class Manager(AsyncKernelManager):
    """Starts the kernel of this Python, whatever kernels the machine's Jupyter knows by the same name."""

    @default("kernel_spec_manager")
    def _own_kernel_alone(self) -> KernelSpecManager:
        return _Specs(kernel_dirs=[])


class Provisioner(LocalProvisioner):
    """Starts the kernel of this thread's run, forked or as an ordinary process."""

    async def launch_kernel(self, cmd, **options):
        """Start the kernel; as jupyter_client asks, gives its connection information."""
        settings: Settings = _thread.settings
        options["cwd"] = str(settings.cwd)
        options["env"] = {**options.get("env", os.environ), **settings.env}
        options["env"].setdefault(*warm.THREADS)
        options["env"]["MPLBACKEND"] = BACKEND
        options["env"]["IPYTHONDIR"] = str(settings.runtime)  # a user's start-up files are no input of a render
        for name in ("PYTHONSTARTUP", "JPY_SESSION_NAME"):  # nor is a render that a notebook started that notebook
            options["env"].pop(name, None)
        launcher = "ipykernel_launcher"
        if settings.cold or not warm.can_fork():
            with settings.said.open("ab") as said:
                await super().launch_kernel(cmd, **options | {"stdout": said, "stderr": said})
        else:
            arguments = cmd[cmd.index(launcher) + 1 :]
            context = multiprocessing.get_context("forkserver")
            process = context.Process(target=_kernel, args=(arguments, options["env"], options["cwd"], settings.said))
            with _starting:
                process.start()
            with contextlib.suppress(ProcessLookupError):
                while os.getpgid(process.pid) != process.pid:  # only then can it be killed with its group
                    time.sleep(0.001)
            self.process, self.pid, self.pgid = _Forked(process), process.pid, process.pid
        settings.pid = self.pid
        if settings.closed:  # stopped while the kernel started
            settings.kill()
        elif settings.memory:
            _limit(self.pid, settings.memory)
        if isinstance(self.process, _Forked):
            await self._listening()
        return self.connection_info

    async def _listening(self) -> None:
        """Wait for the kernel's sockets: a client that calls before they are there waits 0.1 s to call again."""
        end = time.monotonic() + 10
        ports = [port for name, port in self.connection_info.items() if name.endswith("_port")]
        sockets = [Path(f"{self.connection_info['ip']}-{port}") for port in ports]
        while not all(socket.exists() for socket in sockets) and self.process.poll() is None and time.monotonic() < end:
            await asyncio.sleep(0.002)

    async def kill(self, restart=False):
        """Kill the kernel; a forked one is gone when this returns, so that no one looks for it ten times a second."""
        await super().kill(restart)
        if isinstance(self.process, _Forked):
            self.process.wait(5)


class Client(AsyncKernelClient):
    """Knows that a kernel is ready when its first answer has come to its end; jupyter_client waits 0.2 s for more to come."""

    async def wait_for_ready(self, timeout=None):
        """Return when the kernel answers; RuntimeError where it dies, or is silent for `timeout` seconds."""
        end = time.monotonic() + (timeout or math.inf)
        while time.monotonic() < end:
            asked = self.kernel_info()
            with contextlib.suppress(queue.Empty):
                await self.get_shell_msg(timeout=1)
                while not _ends(await self.get_iopub_msg(timeout=0.2), asked):
                    pass
                return
            if not await self.is_alive():
                raise RuntimeError("the kernel died before it answered")
        raise RuntimeError(f"the kernel did not answer within {timeout:g} s")


def _ends(message: dict, request: str) -> bool:
    """Whether `message` says that the kernel is done with `request`: nothing else of it will come."""
    return message["parent_header"].get("msg_id") == request and message["content"].get("execution_state") == "idle"


class _Forked:
    """A forked process with the face of subprocess.Popen that jupyter_client looks at."""

    stdin = stdout = stderr = None

    def __init__(self, process):
        self._process, self.pid = process, process.pid

    def poll(self):
        return self._process.exitcode

    def wait(self, timeout=None):
        self._process.join(timeout)
        return self._process.exitcode

    def send_signal(self, number):
        os.kill(self.pid, number)

    def terminate(self):
        self._process.terminate()

    def kill(self):
        self._process.kill()


def _kernel(arguments: list[str], env: dict[str, str], cwd: str, said: Path) -> None:
    """The life of a forked kernel."""
    warm.stand_apart(env, said.parent)
    os.chdir(cwd)
    with said.open("ab") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    from ipykernel.kernelapp import IPKernelApp
    from matplotlib import rcParams

    rcParams["backend"] = BACKEND  # as in a kernel that imports matplotlib itself
    arguments = [*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"]
    IPKernelApp.launch_instance(argv=[*arguments, "--HistoryManager.enabled=False"])  # no one will look back


def _limit(pid: int, memory: int) -> None:
    """Let the process have `memory` MiB beside what it holds now, which it shares with the process that it was forked from.

    Only Linux can set this from outside.
    """
    import resource

    if hasattr(resource, "prlimit"):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[5])  # of data and stacks
        size = pages * resource.getpagesize() + memory * 2**20
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (size, size))
