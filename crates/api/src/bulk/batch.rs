//! Rows that are kept together: in one transaction where nothing is in the way, else each alone, so that each has an outcome.

use std::{collections::HashSet, marker::PhantomData};

use axum::http::StatusCode;
use operations::{PAGE_LIMIT_MAX, PageRequest};

use super::Imported;
use crate::{
    caller::{Caller, Done},
    convert::from_store,
    problem::{ApiError, ApiResult},
};

/// Rows of one transaction. The writer is not held longer than a call's events can wait, and a transaction is a small part of it.
pub(super) const BATCH_ROWS: usize = 200;
/// Tries to keep a row that somebody else adds at the same time.
const TRIES: u32 = 4;

/// Whether a fault ends an import: a quota that is used up, a store that is away; the next row would fare no better.
pub(super) fn ends(error: &ApiError, stops_at_faults: bool) -> bool {
    let is_the_rows =
        matches!(error.status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::NOT_FOUND | StatusCode::CONFLICT);
    stops_at_faults || !is_the_rows
}

pub(super) struct Batch<R: Imported> {
    caller: Caller,
    stops_at_faults: bool,
    kind: PhantomData<R>,
}

impl<R: Imported> Batch<R> {
    pub fn new(caller: Caller, stops_at_faults: bool) -> Self {
        Self { caller, stops_at_faults, kind: PhantomData }
    }

    /// What would become of rows. `None` is one whose key came before.
    pub async fn compared(&self, rows: &[Option<R::Entity>]) -> Vec<ApiResult<bool>> {
        let keys = rows.iter().flatten().map(R::key).collect();
        match self.held(keys).await {
            Ok(held) => {
                let is_new = |entity: &R::Entity| !held.contains(&R::key(entity));
                rows.iter().map(|row| Ok(row.as_ref().is_some_and(is_new))).collect()
            }
            Err(error) => vec![Err(error)],
        }
    }

    /// Keeps rows: for each in order whether it is new, up to the fault that ends the import.
    pub async fn kept(self, rows: Vec<Option<R::Entity>>) -> Vec<ApiResult<bool>> {
        let is_new: Vec<bool> = rows.iter().map(Option::is_some).collect();
        let new: Vec<R::Entity> = rows.iter().flatten().cloned().collect();
        if self.together(&new).await {
            return is_new.into_iter().map(Ok).collect();
        }
        // Some are there already, or one is at fault.
        let held = self.held(new.iter().map(R::key).collect()).await.unwrap_or_default();
        let is_held = |row: &Option<R::Entity>| row.as_ref().is_none_or(|entity| held.contains(&R::key(entity)));
        let is_there: Vec<bool> = rows.iter().map(is_held).collect();
        let open = rows.iter().zip(&is_there).filter(|(_, is_there)| !**is_there).filter_map(|(row, _)| row.clone());
        let open: Vec<R::Entity> = open.collect();
        if open.len() < new.len() && self.together(&open).await {
            return is_there.into_iter().map(|is_there| Ok(!is_there)).collect();
        }
        let mut told = Vec::with_capacity(rows.len());
        for (row, is_there) in rows.into_iter().zip(is_there) {
            let outcome = match row {
                Some(entity) if !is_there => self.alone(&entity).await,
                _ => Ok(false),
            };
            if self.add(&mut told, outcome) {
                break;
            }
        }
        told
    }

    /// Those of these keys that the tenant has already: a page of keys is one query, unless several rows have the same.
    async fn held(&self, keys: Vec<R::Key>) -> ApiResult<HashSet<R::Key>> {
        let (caller, mut held) = (&self.caller, HashSet::new());
        for keys in keys.chunks(PAGE_LIMIT_MAX as usize) {
            let (filter, mut page) = (R::of_keys(keys.to_vec()), PageRequest::number(1, PAGE_LIMIT_MAX));
            loop {
                let found = R::repository(caller.directory()).list(caller.scope(), &filter, &page).await;
                let found = found.map_err(from_store)?;
                held.extend(found.items.iter().map(R::key));
                let Some(next) = found.next else { break };
                page = PageRequest::after(next, PAGE_LIMIT_MAX);
            }
        }
        Ok(held)
    }

    /// Adds an outcome; true where it is the end.
    fn add(&self, told: &mut Vec<ApiResult<bool>>, outcome: ApiResult<bool>) -> bool {
        let is_end = outcome.as_ref().is_err_and(|error| ends(error, self.stops_at_faults));
        told.push(outcome);
        is_end
    }

    /// Keeps all with their entries in the audit log, or none: then what is wrong is found row by row.
    async fn together(&self, new: &[R::Entity]) -> bool {
        let caller = &self.caller;
        if new.is_empty() {
            return true;
        }
        if R::room(caller).await.is_ok_and(|room| room < new.len() as u64) {
            return false;
        }
        let Ok(views) = R::views(caller, new).await else { return false };
        let shown = new.iter().zip(&views);
        let entries =
            shown.map(|(entity, view)| caller.entry(Done::Create, name::<R>(), R::id(entity), &(), view)).collect();
        R::repository(caller.directory()).insert_all(caller.scope(), new, entries).await.is_ok()
    }

    /// Whether it is new: another request may have been faster. What that one wrote is in the writer's batch before it can be read,
    /// so a second try, which waits for the batch, tells.
    async fn alone(&self, entity: &R::Entity) -> ApiResult<bool> {
        let caller = &self.caller;
        let mut kept = R::keep(caller, entity).await;
        for _ in 1..TRIES {
            match kept {
                Ok(()) => return Ok(true),
                Err(error) if error.status != StatusCode::CONFLICT => return Err(error),
                Err(_) if !self.held(vec![R::key(entity)]).await?.is_empty() => return Ok(false),
                Err(_) => kept = R::keep(caller, entity).await,
            }
        }
        kept.map(|()| true)
    }
}

fn name<R: Imported>() -> &'static str {
    <R::Entity as operations::Entity>::NAME
}
