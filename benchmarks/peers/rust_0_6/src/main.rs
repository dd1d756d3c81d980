// SPDX-License-Identifier: MIT
//! The Rust crate cano 0.6.3 on the questions of ../README.md, on tokio with two workers.

#[path = "../../measure.rs"]
mod measure;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use cano::prelude::*;
use measure::{Results, allocations};

#[global_allocator]
static ALLOCATOR: measure::Counting = measure::Counting;

const HOPS: u32 = 100_000;
const INSTANCES: u32 = 200_000;
const WAITING: u32 = 500_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    A,
    B,
    Done,
}

/// Tasks share the store, so what they change is atomic; loads and stores cost what plain ones do.
#[derive(Clone)]
struct Count {
    left: Arc<AtomicI32>,
}

impl Count {
    fn new(left: i32) -> Self {
        Self { left: Arc::new(AtomicI32::new(left)) }
    }
    fn next(&self, other: &Step) -> Step {
        let left = self.left.load(Relaxed) - 1;
        self.left.store(left, Relaxed);
        if left > 0 { other.clone() } else { Step::Done }
    }
}

#[derive(Clone)]
struct Hop {
    other: Step,
}

#[async_trait]
impl Task<Step, Count> for Hop {
    fn config(&self) -> TaskConfig {
        TaskConfig::minimal()
    }
    async fn run(&self, count: &Count) -> Result<Step, CanoError> {
        Ok(count.next(&self.other))
    }
}

#[derive(Clone)]
struct Yielding {
    other: Step,
}

#[async_trait]
impl Task<Step, Count> for Yielding {
    fn config(&self) -> TaskConfig {
        TaskConfig::minimal()
    }
    async fn run(&self, count: &Count) -> Result<Step, CanoError> {
        tokio::task::yield_now().await;
        Ok(count.next(&self.other))
    }
}

#[derive(Clone)]
struct Phases {
    other: Step,
}

#[async_trait]
impl Node<Step, Count> for Phases {
    type PrepResult = i32;
    type ExecResult = i32;
    fn config(&self) -> TaskConfig {
        TaskConfig::minimal()
    }
    async fn prep(&self, count: &Count) -> Result<i32, CanoError> {
        Ok(count.left.load(Relaxed))
    }
    async fn exec(&self, left: i32) -> i32 {
        left - 1
    }
    async fn post(&self, count: &Count, left: i32) -> Result<Step, CanoError> {
        count.left.store(left, Relaxed);
        Ok(if left > 0 { self.other.clone() } else { Step::Done })
    }
}

struct Failing;

#[async_trait]
impl Task<Step, Count> for Failing {
    fn config(&self) -> TaskConfig {
        TaskConfig::minimal()
    }
    async fn run(&self, _: &Count) -> Result<Step, CanoError> {
        Err(CanoError::task_execution("not this time"))
    }
}

static ASLEEP: AtomicU32 = AtomicU32::new(0);

#[derive(Clone)]
struct Sleeping {
    before: f64,
}

#[async_trait]
impl Task<Step, Count> for Sleeping {
    fn config(&self) -> TaskConfig {
        TaskConfig::minimal()
    }
    async fn run(&self, _: &Count) -> Result<Step, CanoError> {
        if ASLEEP.fetch_add(1, Relaxed) + 1 == WAITING {
            let each = (resident_bytes() - self.before) / f64::from(WAITING);
            let mut results = Results::new("rust_0_6");
            results.add("waiting_instance_bytes", each);
            results.add("cancellable_instance_bytes", each); // as every task of tokio is
            results.print();
            std::process::exit(0);
        }
        tokio::time::sleep(Duration::from_secs(3600)).await;
        Ok(Step::Done)
    }
}

fn hops() -> Workflow<Step, Count> {
    let mut workflow = Workflow::new(Step::A);
    workflow
        .register(Step::A, Hop { other: Step::B })
        .register(Step::B, Hop { other: Step::A })
        .add_exit_state(Step::Done);
    workflow
}

fn nodes() -> Workflow<Step, Count> {
    let mut workflow = Workflow::new(Step::A);
    workflow
        .register(Step::A, Phases { other: Step::B })
        .register(Step::B, Phases { other: Step::A })
        .add_exit_state(Step::Done);
    workflow
}

fn failing() -> Workflow<Step, Count> {
    let mut workflow = Workflow::new(Step::A);
    workflow.register(Step::A, Failing).add_exit_state(Step::Done);
    workflow
}

fn batch<T>(a: T, b: T) -> ConcurrentWorkflow<Step, Count>
where
    T: Task<Step, Count> + Clone + Send + Sync + 'static,
{
    let mut workflow = ConcurrentWorkflow::new(Step::A);
    workflow.register(Step::A, a).register(Step::B, b).add_exit_state(Step::Done);
    workflow
}

fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096.0
}

fn stores(count: u32, hops: i32) -> Vec<Count> {
    (0..count).map(|_| Count::new(hops)).collect()
}

fn main() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // With an argument: the memory alone, since memory that was used before would not count.
    if std::env::args().len() > 1 {
        return wait_forever(&runtime);
    }
    let mut results = Results::new("rust_0_6");

    let run = |workflow: &Workflow<Step, Count>| {
        let count = Count::new(HOPS as i32);
        black_box(runtime.block_on(workflow.orchestrate(&count)).unwrap());
    };
    let hops = hops();
    results.time("plain_hop_ns", HOPS, 1, || run(&hops));
    results.time("awaitable_hop_ns", HOPS, 1, || run(&hops));
    let nodes = nodes();
    results.time("plain_node_ns", HOPS, 1, || run(&nodes));
    results.time("awaitable_node_ns", HOPS, 1, || run(&nodes));
    for (name, workflow) in [("hop_allocations", &hops), ("node_allocations", &nodes)] {
        let before = allocations();
        run(workflow);
        results.add(name, (allocations() - before) as f64 / f64::from(HOPS));
    }

    let failing = failing();
    results.time("failing_result_ns", HOPS, 1, || {
        runtime.block_on(async {
            let count = Count::new(1);
            for _ in 0..HOPS {
                let _ = black_box(failing.orchestrate(&count).await);
            }
        });
    });

    let mut time_batch = |name: &str, workflow: ConcurrentWorkflow<Step, Count>| {
        results.time(name, INSTANCES, 2, || {
            let done = workflow.execute_concurrent(stores(INSTANCES, 10), WaitStrategy::WaitForever);
            black_box(runtime.block_on(done).unwrap());
        });
    };
    let hop = |other| Hop { other };
    time_batch("plain_instance_ns", batch(hop(Step::B), hop(Step::A)));
    time_batch("awaitable_instance_ns", batch(hop(Step::B), hop(Step::A)));
    let yielding = |other| Yielding { other };
    time_batch("yielding_instance_ns", batch(yielding(Step::B), yielding(Step::A)));

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

/// It ends the process as soon as all of them wait.
fn wait_forever(runtime: &tokio::runtime::Runtime) {
    let waiting = stores(WAITING, 1);
    let sleeping = Sleeping { before: resident_bytes() };
    let sleep = batch(sleeping.clone(), sleeping);
    let _ = runtime.block_on(sleep.execute_concurrent(waiting, WaitStrategy::WaitForever));
}
