"""TCP ports for tests."""
import random
import socket


def free_port():
    """One below the ephemeral ports, so that nobody is given it by chance before it is used."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
