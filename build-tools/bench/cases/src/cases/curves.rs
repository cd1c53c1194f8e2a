//! The cases whose results are curves: a poll of 10,000 sources over the number of ready ones, and
//! threads that register and wake over the number of threads.

use super::{BACKEND, Case, ready, wake};

/// The cases with this number of ready sources: a poll alone, and one whose sources are read until
/// they would block. Valgrind counts `counted` operations of each.
macro_rules! of_10_000 {
    ($ready:literal, $counted:literal) => {
        [
            case!(
                concat!("ready-", $ready, "-of-10000"),
                concat!("poll with ", $ready, " of 10 000 ready"),
                ready::spread,
                $ready,
                10_000
            )
            .descriptors(10_000)
            .counted($counted)
            .untraced(),
            case!(
                concat!("serve-", $ready, "-of-10000"),
                concat!(
                    "poll with ",
                    $ready,
                    " of 10 000 ready, and read them until they would block"
                ),
                ready::served,
                $ready,
                10_000
            )
            .descriptors(10_000)
            .counted($counted)
            .untraced(),
        ]
    };
}

/// The case with this number of threads.
macro_rules! by_threads {
    ($threads:literal) => {
        case!(
            concat!("register-wake-threads-", $threads),
            concat!(
                "register, wake and deregister by ",
                $threads,
                " threads while the selector polls"
            ),
            wake::threads_that_register,
            $threads
        )
        .threads()
    };
}

/// All of them.
pub fn all() -> Vec<Case> {
    let [one, served_one] = of_10_000!(1, 20);
    // The gate has the counts of one ready source, system calls included.
    let mut cases = vec![Case {
        counted: 200,
        traced: true,
        ..one
    }];
    cases.push(served_one);
    cases.extend(of_10_000!(10, 20));
    cases.extend(of_10_000!(100, 20));
    cases.extend(of_10_000!(1000, 4));
    cases.extend(of_10_000!(10000, 4));
    let threads = [
        by_threads!(1),
        by_threads!(2),
        by_threads!(4),
        by_threads!(8),
    ];
    // The array of the bare loop over poll(2) is for one thread.
    cases.extend(threads.map(|case| {
        if BACKEND == "poll" {
            case.without("bare")
        } else {
            case
        }
    }));
    cases
}
