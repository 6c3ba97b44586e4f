"""The database's disk is full: a file system of its own in memory, which only root can make."""

import os
import subprocess

import pytest

from tests.processes import Service, wait_until
from tests.service.faults.cluster import Cluster
from tests.service.faults.load import Load


@pytest.fixture
def small_cluster(folder):
    """A server on a disk of 200 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    disk = folder / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", disk], capture_output=True
    ).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        cluster = Cluster(disk)
        yield cluster
        if cluster.runs():
            cluster.stop("immediate")
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_the_disk_is_full(small_cluster):
    ballast = small_cluster.folder / "ballast"
    with Service(small_cluster.url("task_api"), DATABASE_TIMEOUT=4) as service, Load(service.address) as load:
        load.wait_for_more()
        # It ends when nothing more fits.
        subprocess.run(["dd", "if=/dev/zero", f"of={ballast}", "bs=1M"], capture_output=True)
        wait_until(lambda: load.answers["503"] > 20, patience=60)
        assert service.answers("/health")
        ballast.unlink()
        # Where the log had no room either, PostgreSQL has stopped, and somebody starts it again.
        if not small_cluster.runs():
            small_cluster.start()
        recovery = load.recover(small_cluster)
    load.verify(small_cluster, "disk full", recovery)
