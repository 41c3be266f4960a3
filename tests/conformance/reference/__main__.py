# SPDX-License-Identifier: MIT
"""The command line: serve, fetch, push, vectors."""

import argparse
import secrets
import socket
import sys

from . import tcp, udp, vectors
from .edge import Fetch, Push, address_of, load_card
from .faults import FAULTS


def arguments():
    parser = argparse.ArgumentParser(prog="kvref", description="The kvferry protocol a second time, for testing.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="give one card to everyone, take what is offered, or both")
    serve.add_argument("card", nargs="?")
    serve.add_argument("--into", metavar="DIR", help="take cards that are offered, as DIR/DIGEST.card")
    serve.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT")
    serve.add_argument("--base", action="append", default=[], metavar="CARD", help="chunks that who names it knows")
    serve.add_argument("--fault", action="append", default=[], metavar="NAME", help="break a requirement; list: names")
    serve.add_argument("--once", action="store_true", help="leave after the first connection")
    serve.add_argument("--retry", action="store_true", help="udp, quic: answer first datagrams by RETRY")
    serve.add_argument("--repair", action="store_true", help="udp: send REPAIR")
    fetch = commands.add_parser("fetch", help="fetch a card into a file")
    fetch.add_argument("address", metavar="HOST:PORT")
    fetch.add_argument("--document", required=True)
    fetch.add_argument("--into", required=True, metavar="FILE")
    fetch.add_argument("--base", action="append", default=[], metavar="CARD", help="a card that is here")
    fetch.add_argument("--manifest-first", action="store_true")
    fetch.add_argument("--droppable", type=int, metavar="LEVEL", help="quic: refinements from there on may be lost")
    push = commands.add_parser("push", help="offer a card to a server")
    push.add_argument("address", metavar="HOST:PORT")
    push.add_argument("card")
    push.add_argument("--document", default="", help="its name at the server")
    push.add_argument("--eager", action="store_true", help="do not wait until it is accepted")
    for command in (serve, fetch, push):
        command.add_argument("--transport", choices=("tcp", "udp", "quic"), default="tcp")
        command.add_argument("--key", metavar="FILE", help="quic: this side's key, made by `kvferry keygen`")
        command.add_argument("--peer-key", metavar="KEY", help="quic: ed25519:..., the other side's")
        command.add_argument("--seed", type=int, help="of connection ids and what else is random")
    commands.add_parser("vectors", help="replay vectors").add_argument("folder")
    return parser.parse_args()


def serve(args):
    if "list" in args.fault:
        for name, (broken, transports, what) in FAULTS.items():
            print(f"{name:20} {broken:14} {transports:8} {what}")
        return None
    unknown = [name for name in args.fault if name not in FAULTS]
    if unknown or not (args.card or args.into):
        return f"no fault {unknown[0]}; --fault list names them" if unknown else "serve: expected a card, or --into"
    card, address = load_card(args.card) if args.card else None, address_of(args.listen)
    options = dict(bases=[load_card(path) for path in args.base], faults=frozenset(args.fault), once=args.once,
                   seed=args.seed, into=args.into)
    kind = socket.SOCK_STREAM if args.transport == "tcp" else socket.SOCK_DGRAM
    family, *_, address = socket.getaddrinfo(*address, type=kind)[0]
    with socket.socket(family, kind) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        if args.transport == "tcp":
            sock.listen()
        host, port = sock.getsockname()[:2]
        print(f"listening on {host}:{port}", flush=True)
        if args.transport == "tcp":
            tcp.serve(sock, card, **options)
        elif args.transport == "quic":
            from . import quic
            udp.not_in_fragments(sock)
            quic.serve(sock, card, retry=args.retry, **identities(args), **options)
        else:
            udp.not_in_fragments(sock)
            udp.serve(sock, card, retry=args.retry, repair=args.repair, **options)
    return None


def identities(args):
    """Of both sides. Only here, as in quic: what aioquic brings along is needed for QUIC alone."""
    from .identity import read_identity
    if not args.key or not args.peer_key:
        raise SystemExit("kvref: quic: expected --key and --peer-key")
    return dict(identity=read_identity(args.key), peer_key=args.peer_key)


def fetch(args):
    bases = [load_card(path) for path in args.base]
    return run(args, Fetch, args.document, args.into, bases=bases, manifest_first=args.manifest_first,
               droppable_from=args.droppable)


def push(args):
    return run(args, Push, load_card(args.card), args.document, eager=args.eager)


def run(args, *what, **options):
    address = address_of(args.address)
    if args.transport == "tcp":
        return tcp.run(address, *what, seed=args.seed, **options)
    family, *_, address = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        udp.not_in_fragments(sock)
        if args.transport == "quic":
            from . import quic
            return quic.run(sock, address, *identities(args).values(), *what, seed=args.seed, **options)
        return udp.run(sock, address, *what, seed=args.seed, **options)


def main():
    args = arguments()
    if args.command == "vectors":
        return 1 if vectors.run(args.folder) else 0
    args.seed = args.seed if args.seed is not None else secrets.randbits(62)
    try:
        return {"serve": serve, "fetch": fetch, "push": push}[args.command](args)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
