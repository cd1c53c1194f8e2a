"""Mistakes in the library that the soak test must find: each is made in a copy of the tree.

Usage: mutants.py COPY [NAME or BACKEND]...

Exit status: 0 if each was found.
"""

import os
import subprocess
import sys
import time

P = "src/sys/unix/"
FLAGS = {
    "epoll": "",
    "poll": "--cfg mio_unsupported_force_poll_poll --cfg mio_unsupported_force_waker_pipe",
}
LOAD = ["--minutes", "0.4", "--connections", "300", "--seed", "1"]
# An allocation that the compiler does not remove.
LEAK = "std::mem::forget(std::hint::black_box(Box::new(7_u64)));"
# Name, backend, file, text, replacement.
MUTANTS = [
    ("none", "epoll", P + "epoll.rs", "let mut flags = ffi::EPOLLET;",
     "let mut flags = ffi::EPOLLET;"),
    ("none", "poll", P + "epoll.rs", "let mut flags = ffi::EPOLLET;",
     "let mut flags = ffi::EPOLLET;"),
    ("lost-wake", "epoll", P + "epoll.rs",
     "syscall::wait(self.epfd(), events, timeout);\n        self.wakes.clear_all();",
     "syscall::wait(self.epfd(), events, timeout);"),
    ("event-storm", "epoll", P + "epoll.rs",
     "let mut flags = ffi::EPOLLET;", "let mut flags = 0;"),
    ("interest-lost", "epoll", P + "epoll.rs",
     "syscall::modify(self.epfd(), fd, bits(interest)?, token)",
     "syscall::modify(self.epfd(), fd, bits(Interest::READABLE)?, token)"),
    ("token-kept", "epoll", P + "epoll.rs",
     "syscall::add(self.epfd(), fd, bits(interest)?, token)",
     "syscall::add(self.epfd(), fd, bits(interest)?, Token(token.0 & !1))"),
    ("fd-leak", "epoll", P + "epoll.rs",
     "let notifier = N::new()?;",
     "let notifier = N::new()?;\n        std::mem::forget(N::new()?);"),
    ("memory-leak", "epoll", P + "epoll.rs",
     "            selector: Arc::downgrade(&self.shared),",
     "            selector: { " + LEAK + " Arc::downgrade(&self.shared) },"),
    ("rearm-lost", "poll", P + "level_triggered/source_state.rs",
     "        self.reported &= !bits;\n        self.was_probed = false;\n        true",
     "        self.was_probed = false;\n        true"),
    ("lost-wake", "poll", P + "posix_poll/mod.rs",
     "                    state.push_woken(&self.state);\n                    Ok(((), true))",
     "                    state.push_woken(&self.state);\n                    Ok(((), false))"),
    ("register-does-not-notify", "poll", P + "posix_poll/mod.rs",
     "            inserted = Some(key);\n            Ok((key, true))",
     "            inserted = Some(key);\n            Ok((key, false))"),
    ("drop-stays-registered", "poll", P + "posix_poll/mod.rs",
     "let _ = shared.update(|state| Ok(((), state.table.remove(self.key))));",
     "let _ = (shared, self.key);"),
    ("duplicate-events", "poll", P + "posix_poll/poller.rs",
     "            events.push(event);",
     "            events.push(event);\n            events.push(event);"),
    ("event-storm", "poll", P + "level_triggered/source_state.rs",
     "        self.reported |= held;", "        let _ = held;"),
    ("memory-leak", "poll", P + "posix_poll/mod.rs",
     "            selector: Arc::downgrade(&self.shared),\n        })\n    }\n\n    fn reregister",
     "            selector: { " + LEAK + " Arc::downgrade(&self.shared) },\n"
     "        })\n    }\n\n    fn reregister"),
    ("fd-leak", "poll", P + "socket.rs",
     "let socket = accept_fd(listener.as_fd(), &mut storage)?;\n"
     "        let peer = from_internet(&storage)?;",
     "let socket = accept_fd(listener.as_fd(), &mut storage)?;\n"
     "        std::mem::forget(socket.try_clone());\n"
     "        let peer = from_internet(&storage)?;"),
]


def run(copy, name, backend, file, old, new):
    path = os.path.join(copy, file)
    with open(path) as source:
        text = source.read()
    if text.count(old) != 1:
        return False, "the text is not there once"
    crate = os.path.join(copy, "build-tools/soak")
    target = os.path.join(crate, "target", f"mutants-{backend}")
    env = dict(os.environ, RUSTFLAGS=FLAGS[backend], CARGO_TARGET_DIR=target)
    with open(path, "w") as source:
        source.write(text.replace(old, new))
    try:
        build = os.environ.get("MIO_BUILD_WITH", "").split()
        build += ["cargo", "build", "--quiet", "--release", "--locked"]
        built = subprocess.run(
            build, env=env, cwd=crate, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    finally:
        with open(path, "w") as source:
            source.write(text)
    if built.returncode:
        return False, "does not compile\n" + built.stdout[-1500:]
    start = time.time()
    program = os.path.join(target, "release/mio-soak")
    done = subprocess.run([program, *LOAD], stdout=subprocess.PIPE, text=True, timeout=300)
    seconds = time.time() - start
    faults = [line for line in done.stdout.splitlines() if line.startswith("FAULT")]
    if name == "none":
        passed = done.returncode == 0
        return passed, f"{'passes' if passed else 'FAILS'} in {seconds:.0f} s" + "".join(faults[:1])
    found = done.returncode == 1 and bool(faults)
    if not found:
        return False, f"MISSED: exit status {done.returncode}"
    return True, f"found in {seconds:.0f} s\n  {faults[0][:400]}"


all_found = True
for mutant in MUTANTS:
    if not sys.argv[2:] or mutant[0] in sys.argv[2:] or mutant[1] in sys.argv[2:]:
        is_found, text = run(sys.argv[1], *mutant)
        all_found &= is_found
        print(f"{mutant[1]} {mutant[0]}: {text}", flush=True)
sys.exit(0 if all_found else 1)
