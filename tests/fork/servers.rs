//! Servers that fork, and children of a process whose threads use `Poll`.

use std::collections::VecDeque;

use super::*;

/// Several children serve one listener, each with its own `Poll`, made after the fork or (on
/// poll(2)) before it.
#[test]
fn preforked_servers_serve_all_clients() {
    if support::FAKE_KERNEL {
        return support::not_run(IN_MEMORY);
    }
    const CHILDREN: usize = 4;
    const CLIENTS: usize = 200;
    for is_new in [true, false] {
        if SHARED && !is_new {
            // The child that gets an event serves, as with any shared epoll fd.
            println!("the selector made before the fork is shared");
        }
        in_child_process(|| {
            let mut listener = TcpListener::bind(loopback()).unwrap();
            let address = listener.local_addr().unwrap();
            let (mut before, mut events) = new_poll();
            let (is_over, over) = signal();
            let mut children = Vec::new();
            for _ in 0..CHILDREN {
                children.push(Child::new(|| {
                    let mut poll = new_or_inherited_poll(is_new, &mut before);
                    poll.registry()
                        .register(&mut listener, ONE, Interest::READABLE)
                        .or_else(|error| match error.kind() {
                            // Another child has registered it with the shared selector.
                            std::io::ErrorKind::AlreadyExists if SHARED && !is_new => Ok(()),
                            _ => Err(error),
                        })
                        .unwrap();
                    let waker = Waker::new(poll.registry(), TWO).unwrap();
                    let wake = || {
                        // The parent signals that no more clients come.
                        let mut reader = &is_over;
                        let _ = reader.read(&mut [0]);
                        loop {
                            // Another child may consume the event.
                            waker.wake().unwrap();
                            thread::sleep(Duration::from_millis(2));
                            if DONE.load(Ordering::Relaxed) {
                                return;
                            }
                        }
                    };
                    with_thread(wake, || {
                        let mut is_last = false;
                        while !is_last {
                            poll_events(&mut poll, &mut events, LIMIT);
                            is_last = events.iter().any(|event| event.token() == TWO);
                            while let Ok((mut client, _)) = listener.accept() {
                                retry(|| client.write(b"x"));
                            }
                        }
                        DONE.store(true, Ordering::Relaxed);
                    });
                }));
            }
            for _ in 0..CLIENTS {
                let mut client = std::net::TcpStream::connect(address).unwrap();
                client.set_read_timeout(Some(LIMIT)).unwrap();
                client.read_exact(&mut [0]).unwrap();
            }
            // One byte for each child. The children hold the writing end, so there is no end of
            // file.
            for _ in 0..CHILDREN {
                send_signal(&over);
            }
            for child in children {
                child.join();
            }
        });
    }
}

/// Whether a child of the test above has seen its last event.
static DONE: AtomicBool = AtomicBool::new(false);

/// A child of a process whose threads create and drop `Poll`s inherits no locked lock, so it can
/// create a `Poll`.
///
/// A lock of the whole process, which `Poll::new` once took, was held at about one fork of 485 (3
/// of 1,456): so 2,500 children find it in 99 of 100 runs. Several live at once, and each does
/// little, so that they take less than 5 seconds on two processors. `MIO_TEST_FORKS` sets another
/// number.
#[test]
fn child_of_a_busy_process_can_create_a_poll() {
    if support::FAKE_KERNEL && !support::KQUEUE {
        return support::not_run(IN_MEMORY);
    }
    const AT_ONCE: usize = 16;
    let (most, time) = match std::env::var("MIO_TEST_FORKS") {
        Ok(number) => (number.parse().unwrap(), Duration::from_secs(600)),
        Err(_) => (2_500, Duration::from_secs(5)),
    };
    let is_over = AtomicBool::new(false);
    let made = AtomicUsize::new(0);
    let mut copies = 0;
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    drop(Poll::new().unwrap());
                    made.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let end = Instant::now() + time;
        let result = panic::catch_unwind(AssertUnwindSafe(|| {
            let mut children = VecDeque::new();
            while copies < most && Instant::now() < end {
                if children.len() == AT_ONCE {
                    if let Some(oldest) = children.pop_front() {
                        Child::join(oldest);
                    }
                }
                let is_woken = copies % AT_ONCE == 0;
                children.push_back(Child::new(|| {
                    let mut poll = Poll::new().unwrap();
                    if is_woken {
                        let mut events = Events::with_capacity(1);
                        let waker = Waker::new(poll.registry(), ONE).unwrap();
                        waker.wake().unwrap();
                        poll_events(&mut poll, &mut events, LIMIT);
                        assert!(!events.is_empty());
                    }
                }));
                copies += 1;
            }
            children.into_iter().for_each(Child::join);
        }));
        is_over.store(true, Ordering::Relaxed);
        if let Err(panic) = result {
            println!("after {copies} children");
            panic::resume_unwind(panic);
        }
    });
    println!("{copies} children, {} polls meanwhile", made.into_inner());
    assert!(copies > 0);
}
