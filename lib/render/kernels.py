"""Jupyter kernels for renders: forked from a warm process where the platform has a fork server, ordinary ones elsewhere.

A warm kernel is a real IPython kernel; it only starts with the heavy packages already imported. Each runs in a process and
a process group of its own, so no cell sees another run's state, and a kernel is killed with all that it started.
"""

import asyncio
import contextlib
import math
import multiprocessing
import os
import queue
import signal
import threading
import time
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from pathlib import Path

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from lib.render import warm

NAME = "figures-provisioner"
_starting = threading.Lock()  # multiprocessing starts one process at a time
_thread = threading.local()


@dataclass(eq=False)
class Settings:
    """The settings of one run's kernel, and what became of it. Memory in MiB."""

    cwd: Path
    env: dict[str, str] = field(default_factory=dict)
    cold: bool = False
    memory: int | None = None
    pid: int | None = None
    closed: bool = False

    def kill(self) -> None:
        """Kill the kernel and all that it started, and let no other start with these settings."""
        self.closed = True
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)


@contextlib.contextmanager
def using(settings: Settings):
    """Kernels that this thread starts inside the block have these settings; at its end they are killed."""
    factory = KernelProvisionerFactory.instance()
    entry = EntryPoint(NAME, f"{__name__}:Provisioner", KernelProvisionerFactory.GROUP_NAME)
    factory.provisioners[NAME] = entry
    factory.default_provisioner_name = NAME
    _thread.settings = settings
    try:
        yield
    finally:
        settings.kill()
        _thread.settings = None


class Provisioner(LocalProvisioner):
    """Starts the kernel of this thread's run, forked or as an ordinary process."""

    async def launch_kernel(self, cmd, **options):
        """Start the kernel; as jupyter_client asks, gives its connection information."""
        settings: Settings = _thread.settings
        options["cwd"] = str(settings.cwd)
        options["env"] = {**options.get("env", os.environ), **settings.env}
        options["env"].setdefault(*warm.THREADS)
        options["env"].pop("JPY_SESSION_NAME", None)  # a render that a notebook started is not itself before a reader
        launcher = "ipykernel_launcher"
        if settings.cold or not warm.can_fork() or launcher not in cmd:
            await super().launch_kernel(cmd, **options)
        else:
            arguments = cmd[cmd.index(launcher) + 1 :]
            context = multiprocessing.get_context("forkserver")
            process = context.Process(target=_kernel, args=(arguments, options["env"], options["cwd"]))
            with _starting:
                process.start()
            with contextlib.suppress(ProcessLookupError):
                while os.getpgid(process.pid) != process.pid:  # only then can it be killed with all that it started
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
                raise RuntimeError("Kernel died before replying to kernel_info")
        raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")


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


def _kernel(arguments: list[str], env: dict[str, str], cwd: str) -> None:
    """The life of a forked kernel."""
    sockets = Path(arguments[arguments.index("-f") + 1]).parent
    warm.stand_apart(env, sockets)
    os.chdir(cwd)
    from ipykernel.kernelapp import IPKernelApp
    from matplotlib import rcParams

    rcParams["backend"] = "module://matplotlib_inline.backend_inline"  # as in a kernel that imports matplotlib itself
    arguments = [*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"]
    IPKernelApp.launch_instance(argv=[*arguments, "--HistoryManager.enabled=False"])  # no one will look back


def _limit(pid: int, memory: int) -> None:
    """Let the process have at most `memory` MiB of its own; only Linux can set this from outside."""
    import resource

    if hasattr(resource, "prlimit"):
        size = memory * 2**20
        resource.prlimit(pid, resource.RLIMIT_DATA, (size, size))
