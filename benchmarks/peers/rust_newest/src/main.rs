// SPDX-License-Identifier: MIT
//! The newest release of the Rust crate on the questions of ../README.md. It has no Nodes and no
//! batches any more.

mod composition;
#[path = "../../measure.rs"]
mod measure;

use std::hint::black_box;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use cano::prelude::*;
use measure::{Results, allocations};

#[global_allocator]
static ALLOCATOR: measure::Counting = measure::Counting;

const HOPS: u32 = 100_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    A,
    B,
    Done,
}

/// Tasks share it, so what they change is atomic; loads and stores cost what plain ones do.
struct Count {
    left: AtomicI32,
}

#[resource]
impl Resource for Count {}

struct Hop {
    other: Step,
}

#[task]
impl Task<Step> for Hop {
    fn config(&self) -> TaskConfig {
        TaskConfig::minimal()
    }
    async fn run(&self, resources: &Resources) -> Result<TaskResult<Step>, CanoError> {
        let count = resources.get::<Count, _>("count")?;
        let left = count.left.load(Relaxed) - 1;
        count.left.store(left, Relaxed);
        Ok(TaskResult::Single(if left > 0 { self.other.clone() } else { Step::Done }))
    }
}

struct Failing;

#[task]
impl Task<Step> for Failing {
    fn config(&self) -> TaskConfig {
        TaskConfig::minimal()
    }
    async fn run_bare(&self) -> Result<TaskResult<Step>, CanoError> {
        Err(CanoError::task_execution("not this time"))
    }
}

fn hops() -> Workflow<Step> {
    let count = Count { left: AtomicI32::new(HOPS as i32) };
    Workflow::new(Resources::new().insert("count", count))
        .register(Step::A, Hop { other: Step::B })
        .register(Step::B, Hop { other: Step::A })
        .add_exit_state(Step::Done)
}

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut results = Results::new("rust_newest");

    // The workflow owns what it counts down, so there is one for each run.
    let run = || {
        let token = CancellationToken::disabled();
        black_box(runtime.block_on(hops().orchestrate(Step::A, token)).unwrap());
    };
    results.time("plain_hop_ns", HOPS, 1, run);
    results.time("awaitable_hop_ns", HOPS, 1, run);
    let before = allocations();
    run();
    results.add("hop_allocations", (allocations() - before) as f64 / f64::from(HOPS));

    let failing = Workflow::bare().register(Step::A, Failing).add_exit_state(Step::Done);
    results.time("failing_result_ns", HOPS, 1, || {
        runtime.block_on(async {
            for _ in 0..HOPS {
                let token = CancellationToken::disabled();
                let _ = black_box(failing.orchestrate(Step::A, token).await);
            }
        });
    });

    composition::time_all(&mut results);

    let store = MemoryStore::new();
    for other in 0..6 {
        store.put(&format!("other_{other}"), other).unwrap();
    }
    store.put("counter", 42u64).unwrap();
    store.put("name", String::from("Alice")).unwrap();
    results.time("store_get_ns", HOPS, 1, || {
        for _ in 0..HOPS {
            black_box(store.get::<u64>(black_box("counter")).unwrap());
        }
    });
    results.time("store_put_ns", HOPS, 1, || {
        for _ in 0..HOPS {
            store.put(black_box("counter"), black_box(7u64)).unwrap();
        }
    });
    results.time("store_get_string_ns", HOPS, 1, || {
        for _ in 0..HOPS {
            black_box(store.get::<String>(black_box("name")).unwrap());
        }
    });
    results.print();
}
