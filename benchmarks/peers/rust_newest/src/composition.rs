// SPDX-License-Identifier: MIT
//! Splits, batches, limits and compensation of the crate, on the questions of ../README.md: on a
//! runtime of one thread, where they take less than on one of two.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use cano::prelude::*;
use tokio::runtime::Runtime;

use crate::measure::Results;

const BRANCHES: u32 = 10;
const SPLITS: u32 = 1000;
const ITEMS: u32 = 10_000;
const STEPS: u32 = 100;
const SAGAS: u32 = 100;
const CALLS: u32 = 100_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    Work,
    Join,
    Fail,
    Done,
}

struct Data {
    left: AtomicI32,
    sum: AtomicI64,
    items: Vec<i32>,
}

#[resource]
impl Resource for Data {}

fn data(left: u32, items: u32) -> Resources {
    Resources::new().insert(
        "data",
        Data { left: AtomicI32::new(left as i32), sum: AtomicI64::new(0), items: vec![1; items as usize] },
    )
}

fn take_one(data: &Data, next: State, last: State) -> State {
    let left = data.left.load(Relaxed) - 1;
    data.left.store(left, Relaxed);
    if left > 0 { next } else { last }
}

// What a branch gives it can only leave in a resource: the crate has no results of branches.
#[derive(Clone)]
struct Branch;

#[task(state = State)]
impl Branch {
    fn config(&self) -> TaskConfig {
        TaskConfig::minimal()
    }
    async fn run(&self, resources: &Resources) -> Result<TaskResult<State>, CanoError> {
        let data = resources.get::<Data, _>("data")?;
        data.sum.fetch_add(i64::from(data.left.load(Relaxed)), Relaxed);
        Ok(TaskResult::Single(State::Join))
    }
}

// The join is a state of its own; from there it goes round again.
struct Join;

#[task(state = State)]
impl Join {
    fn config(&self) -> TaskConfig {
        TaskConfig::minimal()
    }
    async fn run(&self, resources: &Resources) -> Result<TaskResult<State>, CanoError> {
        let data = resources.get::<Data, _>("data")?;
        Ok(TaskResult::Single(take_one(&data, State::Work, State::Done)))
    }
}

struct Batch {
    at_once: usize,
}

#[task::batch(state = State)]
impl Batch {
    fn config(&self) -> TaskConfig {
        TaskConfig::minimal()
    }
    fn concurrency(&self) -> usize {
        self.at_once
    }
    async fn load(&self, resources: &Resources) -> Result<Vec<i32>, CanoError> {
        Ok(resources.get::<Data, _>("data")?.items.clone())
    }
    async fn process_item(&self, item: &i32) -> Result<i32, CanoError> {
        Ok(item * 2)
    }
    async fn finish(
        &self,
        resources: &Resources,
        outputs: Vec<Result<i32, CanoError>>,
    ) -> Result<TaskResult<State>, CanoError> {
        let data = resources.get::<Data, _>("data")?;
        let sum = outputs.into_iter().map(|output| i64::from(output.unwrap_or(0))).sum();
        data.sum.fetch_add(sum, Relaxed);
        Ok(TaskResult::Single(State::Done))
    }
}

struct Step;

#[saga::task(state = State)]
impl Step {
    type Output = i32;
    fn config(&self) -> TaskConfig {
        TaskConfig::minimal()
    }
    async fn run(&self, resources: &Resources) -> Result<(TaskResult<State>, i32), CanoError> {
        let data = resources.get::<Data, _>("data")?;
        Ok((TaskResult::Single(take_one(&data, State::Work, State::Fail)), 1))
    }
    async fn compensate(&self, resources: &Resources, done: i32) -> Result<(), CanoError> {
        resources.get::<Data, _>("data")?.sum.fetch_add(i64::from(done), Relaxed);
        Ok(())
    }
}

struct Fails;

#[task(state = State)]
impl Fails {
    fn config(&self) -> TaskConfig {
        TaskConfig::minimal()
    }
    async fn run_bare(&self) -> Result<TaskResult<State>, CanoError> {
        Err(CanoError::task_execution("no seat"))
    }
}

/// A run on data of its own, which the workflow owns.
async fn run(workflow: Workflow<State>) {
    let _ = black_box(workflow.orchestrate(State::Work, CancellationToken::disabled()).await);
}

fn time_branches(results: &mut Results, runtime: &Runtime) {
    let work = || {
        let branches = (0..BRANCHES).map(|_| Branch);
        let workflow = Workflow::new(data(SPLITS, 0))
            .register_split(State::Work, branches, JoinConfig::new(JoinStrategy::All, State::Join))
            .register(State::Join, Join)
            .add_exit_state(State::Done);
        runtime.block_on(run(workflow));
    };
    results.time("plain_branch_ns", BRANCHES * SPLITS, 1, work);
    results.time("async_branch_ns", BRANCHES * SPLITS, 1, work);
}

fn time_items(results: &mut Results, runtime: &Runtime) {
    let work = |at_once| {
        let workflow = Workflow::new(data(1, ITEMS))
            .register(State::Work, Batch { at_once })
            .add_exit_state(State::Done);
        runtime.block_on(run(workflow));
    };
    results.time("plain_item_ns", ITEMS, 1, || work(1));
    results.time("async_item_ns", ITEMS, 1, || work(16));
}

fn time_sagas(results: &mut Results, runtime: &Runtime) {
    let work = || {
        for _ in 0..SAGAS {
            let workflow = Workflow::new(data(STEPS, 0))
                .register_with_compensation(State::Work, Step)
                .register(State::Fail, Fails)
                .add_exit_state(State::Done);
            runtime.block_on(run(workflow));
        }
    };
    results.time("plain_undo_ns", STEPS * SAGAS, 1, work);
    results.time("async_undo_ns", STEPS * SAGAS, 1, work);
}

fn time_limits(results: &mut Results, runtime: &Runtime) {
    let plenty = RateLimiterPolicy::per_second(u32::MAX / 2).with_max_tokens(u32::MAX / 2);
    let limiter = Arc::new(RateLimiter::new(plenty));
    results.time("limit_ns", CALLS, 1, || {
        runtime.block_on(async {
            for _ in 0..CALLS {
                let _permit = black_box(limiter.acquire().await);
            }
        });
    });
    results.time("try_limit_ns", CALLS, 1, || {
        for _ in 0..CALLS {
            black_box(limiter.try_acquire());
        }
    });
    let breaker = Arc::new(CircuitBreaker::new(CircuitPolicy {
        failure_threshold: 5,
        reset_timeout: Duration::from_secs(30),
        half_open_max_calls: 1,
    }));
    results.time("breaker_ns", CALLS, 1, || {
        for _ in 0..CALLS {
            let permit = breaker.try_acquire().unwrap();
            breaker.record_success(permit);
        }
    });
}

pub fn time_all(results: &mut Results) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    time_branches(results, &runtime);
    time_items(results, &runtime);
    time_sagas(results, &runtime);
    time_limits(results, &runtime);
}
