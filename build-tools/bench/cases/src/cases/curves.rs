//! The cases whose results are curves: a poll of 10,000 sources over the number of ready ones, and
//! threads that register and wake over the number of threads.

use super::{BACKEND, Case, ready, wake};

/// All of them.
pub fn all() -> Vec<Case> {
    let mut cases = vec![
        case!(
            "ready-1-of-10000",
            "poll with one of 10 000 ready",
            ready::spread,
            1,
            10000
        )
        .descriptors(10_000),
        case!(
            "ready-10-of-10000",
            "poll with 10 of 10 000 ready",
            ready::spread,
            10,
            10000
        )
        .descriptors(10_000)
        .counted(20)
        .untraced(),
        case!(
            "ready-100-of-10000",
            "poll with 100 of 10 000 ready",
            ready::spread,
            100,
            10000
        )
        .descriptors(10_000)
        .counted(20)
        .untraced(),
        case!(
            "ready-1000-of-10000",
            "poll with 1000 of 10 000 ready",
            ready::spread,
            1000,
            10000
        )
        .descriptors(10_000)
        .counted(4)
        .untraced(),
        case!(
            "ready-10000-of-10000",
            "poll with all of 10 000 ready",
            ready::spread,
            10000,
            10000
        )
        .descriptors(10_000)
        .counted(4)
        .untraced(),
        case!(
            "serve-1-of-10000",
            "poll with one of 10 000 ready, and read them until they would block",
            ready::served,
            1,
            10000
        )
        .descriptors(10_000)
        .counted(20)
        .untraced(),
        case!(
            "serve-10-of-10000",
            "poll with 10 of 10 000 ready, and read them until they would block",
            ready::served,
            10,
            10000
        )
        .descriptors(10_000)
        .counted(20)
        .untraced(),
        case!(
            "serve-100-of-10000",
            "poll with 100 of 10 000 ready, and read them until they would block",
            ready::served,
            100,
            10000
        )
        .descriptors(10_000)
        .counted(20)
        .untraced(),
        case!(
            "serve-1000-of-10000",
            "poll with 1000 of 10 000 ready, and read them until they would block",
            ready::served,
            1000,
            10000
        )
        .descriptors(10_000)
        .counted(4)
        .untraced(),
        case!(
            "serve-10000-of-10000",
            "poll with all of 10 000 ready, and read them until they would block",
            ready::served,
            10000,
            10000
        )
        .descriptors(10_000)
        .counted(4)
        .untraced(),
    ];
    let mut threads = vec![
        case!(
            "register-wake-threads-1",
            "register, wake and deregister by 1 thread while the selector polls",
            wake::threads_that_register,
            1
        )
        .threads(),
        case!(
            "register-wake-threads-2",
            "register, wake and deregister by 2 threads while the selector polls",
            wake::threads_that_register,
            2
        )
        .threads(),
        case!(
            "register-wake-threads-4",
            "register, wake and deregister by 4 threads while the selector polls",
            wake::threads_that_register,
            4
        )
        .threads(),
        case!(
            "register-wake-threads-8",
            "register, wake and deregister by 8 threads while the selector polls",
            wake::threads_that_register,
            8
        )
        .threads(),
    ];
    if BACKEND == "poll" {
        // The array of the bare loop is for one thread.
        threads = threads
            .into_iter()
            .map(|case| case.without("bare"))
            .collect();
    }
    cases.extend(threads);
    cases
}
