# SPDX-License-Identifier: MIT
"""Slurm on one node, this one, for as long as a test: slurmctld, slurmd and munged with files and ports of their own."""

import contextlib
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "sinfo")
PATIENCE_S = 20


def why_not():
    """Why there can be none here; empty where there can."""
    if os.geteuid() != 0:
        return "Slurm's daemons want root"
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    return f"missing: {', '.join(missing)}" if missing else ""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def configuration(folder):
    host = socket.gethostname().split(".")[0]
    control_port, node_port = free_ports(2)
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return f"""ClusterName=one
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
SlurmUser=root
SlurmctldPort={control_port}
SlurmdPort={node_port}
StateSaveLocation={folder}/control
SlurmdSpoolDir={folder}/node
SlurmctldPidFile={folder}/control.pid
SlurmdPidFile={folder}/node.pid
SlurmctldLogFile={folder}/control.log
SlurmdLogFile={folder}/node.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName={host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} RealMemory={memory_mb} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def start_munge(folder):
    """As the user who runs the test: it trusts no folder that others may write to."""
    place = folder / "munge"
    place.mkdir(mode=0o755)
    key = place / "key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    names = {"key-file": key, "socket": place / "socket", "pid-file": folder / "munge.pid", "log-file": place / "log", "seed-file": place / "seed"}
    subprocess.run(["munged", "--force", *(f"--{name}={file}" for name, file in names.items())], check=True, capture_output=True)


def wait_until_idle(environment):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        told = subprocess.run(["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True, env=environment).stdout
        if told.strip() == "idle":
            return
        time.sleep(0.3)
    raise RuntimeError(f"the node is not ready: {told.strip()}")


@contextlib.contextmanager
def one_node():
    """The environment in which Slurm's programs find it."""
    with tempfile.TemporaryDirectory(prefix="kvferry-slurm-") as name:
        folder = pathlib.Path(name)
        for inner in ("control", "node"):
            (folder / inner).mkdir()
        (folder / "slurm.conf").write_text(configuration(folder))
        environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}
        try:
            start_munge(folder)
            subprocess.run(["slurmctld", "-i"], check=True, env=environment, capture_output=True)
            subprocess.run(["slurmd"], check=True, env=environment, capture_output=True)
            wait_until_idle(environment)
            yield environment
        finally:
            for daemon in ("node", "control", "munge"):
                with contextlib.suppress(OSError, ValueError):
                    os.kill(int((folder / f"{daemon}.pid").read_text()), signal.SIGTERM)
            time.sleep(0.5)  # until they let go of their files
