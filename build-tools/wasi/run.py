"""Runs a module of WASI preview 1 or a component of WASI preview 2, as `wasmtime run -Sinherit-network` does.

run.py run [--env NAME=VALUE] WASM [ARGUMENTS...]; needs the PyPI package wasmtime 48.0.0 on PYTHONPATH.
"""

import sys

from wasmtime import Engine, ExitTrap, Linker, Module, Store, WasiConfig, _ffi
from wasmtime import component

# What follows the magic number in a core module; a component has another word there.
MODULE = b"\x01\x00\x00\x00"
# The interface that a command exports, whatever its version.
INTERFACE = "wasi:cli/run@0.2."


def start_module(engine, store, program):
    linker = Linker(engine)
    linker.define_wasi()
    instance = linker.instantiate(store, Module(engine, program))
    instance.exports(store)["_start"](store)
    return 0


def start_component(engine, store, program):
    loaded = component.Component(engine, program)
    linker = component.Linker(engine)
    linker.add_wasip2()
    instance = linker.instantiate(store, loaded)
    names = [name for name in loaded.type.exports(engine) if name.startswith(INTERFACE)]
    if len(names) != 1:
        sys.exit(f"run.py: the component exports {names}, not one {INTERFACE}x")
    interface = instance.get_export_index(store, names[0])
    function = instance.get_func(store, instance.get_export_index(store, "run", interface))
    # A `result` without values is a variant; its tag is "ok" or "err".
    return 0 if function(store).tag == "ok" else 1


def main():
    arguments = sys.argv[1:]
    if arguments[:1] != ["run"]:
        sys.exit(__doc__)
    arguments.pop(0)
    environment = []
    while arguments and arguments[0] == "--env":
        environment.append(tuple(arguments[1].split("=", 1)))
        del arguments[:2]
    with open(arguments[0], "rb") as file:
        program = file.read()
    config = WasiConfig()
    config.argv = arguments
    config.env = environment
    config.inherit_stdin()
    config.inherit_stdout()
    config.inherit_stderr()
    _ffi.wasi_config_inherit_network(config.ptr())
    engine = Engine()
    store = Store(engine)
    store.set_wasi(config)
    start = start_module if program[4:8] == MODULE else start_component
    try:
        sys.exit(start(engine, store, program))
    except ExitTrap as end:
        sys.exit(end.code)


main()
