//! One task writes: it takes what waits, runs all of it in one transaction, and answers each when the disk has it.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::TenantId;
use operations::{Appended, LeaseRequest, Reservation, Settled, Settlement, StoreError, TenantScope};
use sea_orm::{DatabaseConnection, DatabaseTransaction, TransactionTrait};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::MissedTickBehavior,
};

use crate::{
    dialect::{begin_write, store_error},
    hot::{Appending, Hot, HotOp, HotOutcome},
    row_security::work_for,
};

/// How often a database that is away is tried again. Writes fail at once meanwhile, instead of each waiting for a connection: calls go on
/// with the journal.
const TRY_AGAIN_EVERY: Duration = Duration::from_secs(1);
/// Transactions begin so far apart at least. A transaction costs more than most of what is in it, so under load writes gather
/// meanwhile; nobody hears an answer that comes so much later. A write that comes after a pause waits for nothing.
const PACE: Duration = Duration::from_millis(8);

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;
pub(crate) type Run<'t, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 't>>;

/// A write of its own shape: runs in a savepoint, so that its failure undoes only itself.
trait Task: Send {
    /// Whose rows it may touch; `None` for those of all.
    fn tenant(&self) -> Option<TenantId>;
    fn run<'t>(&'t mut self, transaction: &'t DatabaseTransaction) -> Run<'t, ()>;
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Closure<F, T> {
    tenant: Option<TenantId>,
    run: Option<F>,
    outcome: Option<T>,
    reply: Reply<T>,
}

impl<F, T> Task for Closure<F, T>
where
    F: for<'t> FnOnce(&'t DatabaseTransaction) -> Run<'t, T> + Send,
    T: Send,
{
    fn tenant(&self) -> Option<TenantId> {
        self.tenant
    }

    fn run<'t>(&'t mut self, transaction: &'t DatabaseTransaction) -> Run<'t, ()> {
        Box::pin(async move {
            let Some(run) = self.run.take() else { return Err(StoreError::failed("a write ran twice")) };
            self.outcome = Some(run(transaction).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let outcome = self.outcome;
        // Who asked may be gone; the write stands.
        let _ = self.reply.send(
            committed.and_then(|()| outcome.ok_or_else(|| StoreError::failed("a write was committed without outcome"))),
        );
    }
}

enum Op {
    Hot(HotOp, HotReply),
    Task(Box<dyn Task>),
}

enum HotReply {
    Append(Reply<Appended>),
    Reserve(Reply<Reservation>),
    Expire(Reply<Vec<domain::LeaseId>>),
    Release(Reply<()>),
    Settle(Reply<Vec<Settled>>),
}

impl HotReply {
    fn send(self, outcome: Result<HotOutcome, StoreError>) {
        let strange = || StoreError::failed("a write was answered with another's outcome");
        // Who asked may be gone; the write stands.
        match (self, outcome) {
            (Self::Append(reply), Ok(HotOutcome::Appended(appended))) => drop(reply.send(Ok(appended))),
            (Self::Reserve(reply), Ok(HotOutcome::Reserved(reservation))) => drop(reply.send(Ok(reservation))),
            (Self::Expire(reply), Ok(HotOutcome::Expired(leases))) => drop(reply.send(Ok(leases))),
            (Self::Release(reply), Ok(HotOutcome::Released)) => drop(reply.send(Ok(()))),
            (Self::Settle(reply), Ok(HotOutcome::Settled(settled))) => drop(reply.send(Ok(settled))),
            (Self::Append(reply), other) => drop(reply.send(Err(other.err().unwrap_or_else(strange)))),
            (Self::Reserve(reply), other) => drop(reply.send(Err(other.err().unwrap_or_else(strange)))),
            (Self::Expire(reply), other) => drop(reply.send(Err(other.err().unwrap_or_else(strange)))),
            (Self::Release(reply), other) => drop(reply.send(Err(other.err().unwrap_or_else(strange)))),
            (Self::Settle(reply), other) => drop(reply.send(Err(other.err().unwrap_or_else(strange)))),
        }
    }
}

/// The way to the writer.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Op>,
}

impl std::fmt::Debug for Op {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Hot(..) => "Hot",
            Self::Task(_) => "Task",
        })
    }
}

impl Writer {
    /// Starts the writer. The task ends when every `Writer` is dropped, after what waits is written.
    pub fn start(
        connection: DatabaseConnection,
        hot: Hot,
        queue_max: usize,
        batch_max: usize,
    ) -> (Self, JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(queue_max);
        let task = tokio::spawn(Loop { connection, hot, waiting, batch_max, is_away: Arc::default() }.run());
        (Self { queue }, task)
    }

    /// Runs a write of the platform's own in a transaction; answers when it is committed.
    pub async fn write<T, F>(&self, run: F) -> Result<T, StoreError>
    where
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> Run<'t, T> + Send + 'static,
        T: Send + 'static,
    {
        self.write_as(None, run).await
    }

    /// The same, touching rows of the scope's tenant only.
    pub async fn write_for<T, F>(&self, scope: TenantScope, run: F) -> Result<T, StoreError>
    where
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> Run<'t, T> + Send + 'static,
        T: Send + 'static,
    {
        self.write_as(Some(scope.tenant()), run).await
    }

    async fn write_as<T, F>(&self, tenant: Option<TenantId>, run: F) -> Result<T, StoreError>
    where
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> Run<'t, T> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.send(Op::Task(Box::new(Closure { tenant, run: Some(run), outcome: None, reply })))?;
        received(answer.await)
    }

    pub async fn append(&self, events: Vec<domain::CallEvent>) -> Result<Appended, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Op::Hot(HotOp::Append(events.into_iter().map(Arc::new).collect()), HotReply::Append(reply)))?;
        received(answer.await)
    }

    pub async fn reserve(&self, request: LeaseRequest) -> Result<Reservation, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Op::Hot(HotOp::Reserve(request), HotReply::Reserve(reply)))?;
        received(answer.await)
    }

    pub async fn expire(&self, now: domain::Timestamp, count_max: u32) -> Result<Vec<domain::LeaseId>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Op::Hot(HotOp::Expire { now, count_max }, HotReply::Expire(reply)))?;
        received(answer.await)
    }

    pub async fn release(&self, lease: domain::LeaseId, now: domain::Timestamp) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Op::Hot(HotOp::Release { lease, now }, HotReply::Release(reply)))?;
        received(answer.await)
    }

    pub async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<Settled>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Op::Hot(HotOp::Settle(settlements), HotReply::Settle(reply)))?;
        received(answer.await)
    }

    fn send(&self, op: Op) -> Result<(), StoreError> {
        self.queue.try_send(op).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => StoreError::Unavailable("too many writes wait".into()),
            mpsc::error::TrySendError::Closed(_) => StoreError::Unavailable("the writer has stopped".into()),
        })
    }
}

fn received<T>(answer: Result<Result<T, StoreError>, oneshot::error::RecvError>) -> Result<T, StoreError> {
    answer.unwrap_or_else(|_| Err(StoreError::Unavailable("the writer has stopped".into())))
}

struct Loop {
    connection: DatabaseConnection,
    hot: Hot,
    waiting: mpsc::Receiver<Op>,
    batch_max: usize,
    /// Whether the database counts as away.
    is_away: Arc<AtomicBool>,
}

impl Loop {
    async fn run(mut self) {
        let mut batch = Vec::new();
        let mut pace = tokio::time::interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // While one batch is on its way to the disk, the next one gathers.
        while self.waiting.recv_many(&mut batch, self.batch_max).await > 0 {
            pace.tick().await;
            while batch.len() < self.batch_max
                && let Ok(op) = self.waiting.try_recv()
            {
                batch.push(op);
            }
            let (mut hot, mut tasks) = (Vec::new(), Vec::new());
            for op in batch.drain(..) {
                match op {
                    Op::Hot(op, reply) => hot.push((op, reply)),
                    Op::Task(task) => tasks.push(task),
                }
            }
            self.commit(hot, tasks).await;
        }
    }

    async fn commit(&mut self, hot: Vec<(HotOp, HotReply)>, tasks: Vec<Box<dyn Task>>) {
        let (ops, replies): (Vec<HotOp>, Vec<HotReply>) = hot.into_iter().unzip();
        let outcome = self.commit_hot(&ops).await;
        match outcome {
            Ok(outcomes) => replies.into_iter().zip(outcomes).for_each(|(reply, outcome)| reply.send(Ok(outcome))),
            // One may be at fault for all: each alone then, so that the others do not suffer.
            Err(error) if ops.len() > 1 && !error.is_transient() => {
                for (op, reply) in ops.into_iter().zip(replies) {
                    let outcome = self.commit_hot(&[op]).await;
                    reply.send(
                        outcome.and_then(|mut outcomes| outcomes.pop().ok_or_else(|| StoreError::failed("no outcome"))),
                    );
                }
            }
            Err(error) => {
                let text = error.to_string();
                let mut first = Some(error);
                for reply in replies {
                    reply.send(Err(first.take().unwrap_or_else(|| StoreError::Unavailable(text.clone()))));
                }
            }
        }
        if !tasks.is_empty() {
            self.commit_tasks(tasks).await;
        }
    }

    async fn commit_hot(&mut self, ops: &[HotOp]) -> Result<Vec<HotOutcome>, StoreError> {
        if ops.is_empty() {
            return Ok(Vec::new());
        }
        let outcomes = match self.try_hot(ops, Appending::New).await? {
            Some(outcomes) => Some(outcomes),
            None => self.try_hot(ops, Appending::Replay).await?,
        };
        outcomes.ok_or_else(|| StoreError::failed("a replay has no outcome"))
    }

    async fn try_hot(&mut self, ops: &[HotOp], appending: Appending) -> Result<Option<Vec<HotOutcome>>, StoreError> {
        let transaction = self.begin().await?;
        let outcomes = match self.hot.run(&transaction, ops, appending).await {
            Ok(Some(outcomes)) => outcomes,
            broken => {
                self.hot.undo();
                // A failed rollback leaves the connection to be closed, which rolls back as well.
                let _ = transaction.rollback().await;
                return broken;
            }
        };
        if let Err(error) = transaction.commit().await {
            self.hot.undo();
            return Err(store_error(error));
        }
        self.hot.keep();
        Ok(Some(outcomes))
    }

    /// Begins a transaction, or says at once that the database is away.
    async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        if self.is_away.load(Ordering::Acquire) {
            return Err(StoreError::Unavailable("the database is away".into()));
        }
        let begun = begin_write(&self.connection).await.map_err(store_error);
        if begun.as_ref().is_err_and(StoreError::is_transient) {
            self.is_away.store(true, Ordering::Release);
            tokio::spawn(watch(self.connection.clone(), Arc::clone(&self.is_away)));
        }
        begun
    }

    async fn commit_tasks(&self, tasks: Vec<Box<dyn Task>>) {
        let transaction = match self.begin().await {
            Ok(transaction) => transaction,
            Err(error) => return answer_all(tasks, &error),
        };
        let mut done = Vec::new();
        let mut working_for = None;
        for mut task in tasks {
            // Outside the savepoint, whose end would undo or keep it.
            if task.tenant() != working_for {
                if let Err(error) = work_for(&transaction, task.tenant()).await {
                    task.answer(Err(error));
                    continue;
                }
                working_for = task.tenant();
            }
            match run_in_savepoint(&transaction, task.as_mut()).await {
                Ok(()) => done.push(task),
                Err(error) => task.answer(Err(error)),
            }
        }
        match transaction.commit().await {
            Ok(()) => done.into_iter().for_each(|task| task.answer(Ok(()))),
            Err(error) => answer_all(done, &store_error(error)),
        }
    }
}

/// Waits until the database is back.
async fn watch(connection: DatabaseConnection, is_away: Arc<AtomicBool>) {
    while let Err(error) = connection.ping().await {
        tracing::debug!(%error, "the database is away");
        tokio::time::sleep(TRY_AGAIN_EVERY).await;
    }
    is_away.store(false, Ordering::Release);
}

async fn run_in_savepoint(transaction: &DatabaseTransaction, task: &mut dyn Task) -> Result<(), StoreError> {
    let savepoint = transaction.begin().await.map_err(store_error)?;
    match task.run(&savepoint).await {
        Ok(()) => savepoint.commit().await.map_err(store_error),
        Err(error) => {
            savepoint.rollback().await.map_err(store_error)?;
            Err(error)
        }
    }
}

fn answer_all(tasks: Vec<Box<dyn Task>>, error: &StoreError) {
    for task in tasks {
        task.answer(Err(StoreError::Unavailable(error.to_string())));
    }
}
