//! Rows of a file, each made as its POST would make it, with a report.

use std::{collections::HashSet, future::Future, hash::Hash, sync::Arc};

use axum::{
    Json,
    body::Body as HttpBody,
    http::{HeaderMap, header},
};
use garde::Validate;
use operations::{Directory, Entity, Repository};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use super::{
    BulkWords, Line, Lines, Reference,
    batch::{BATCH_ROWS, Batch, ends},
    csv,
    references::Looked,
    row::{Columns, Members},
};
use crate::{
    caller::Caller,
    extract::{parse_value, unsupported},
    problem::{ApiError, ApiResult, Fault},
};

/// Rows of one import.
const ROWS_MAX: u64 = 100_000;
/// Bytes of one line, and of a row that goes over several.
const ROW_BYTES_MAX: usize = 64 * 1_024;
/// Faults told one by one; further rows are counted only.
const FAULTS_MAX: usize = 1_000;

/// Something that can be imported. A row is a body of its POST, and goes the way that goes.
pub(crate) trait Imported: Send + Sync + 'static {
    /// The body of its POST.
    type Create: DeserializeOwned + Validate<Context = ()> + ToSchema + Send + Sync + 'static;
    /// As exports and the audit log show it: what only a view has is passed over.
    type View: PartialSchema + Serialize + Send + Sync + 'static;
    /// What is kept.
    type Entity: Entity;
    /// What there is only one of in a tenant.
    type Key: Clone + Eq + Hash + Send + Sync + 'static;

    /// Its names.
    const WORDS: BulkWords;

    /// Bodies, in the same order, with the ids of what they give by name: what all of them name is looked up together.
    fn resolved(
        _: &Caller,
        bodies: Vec<Self::Create>,
    ) -> impl Future<Output = ApiResult<Vec<ApiResult<Self::Create>>>> + Send {
        std::future::ready(Ok(bodies.into_iter().map(Ok).collect()))
    }
    /// One from its body; faults beyond the body's own rules are refused here.
    fn draft(caller: &Caller, body: Self::Create) -> impl Future<Output = ApiResult<Self::Entity>> + Send;
    /// Which one, in the audit log.
    fn id(entity: &Self::Entity) -> Uuid;
    /// Its key: the number, the code.
    fn key(entity: &Self::Entity) -> Self::Key;
    /// What it names.
    fn references(entity: &Self::Entity) -> Vec<Reference>;
    /// Those with one of these keys.
    fn of_keys(keys: Vec<Self::Key>) -> <Self::Entity as Entity>::Filter;
    /// Where it is kept.
    fn repository(directory: &Directory) -> &Arc<dyn Repository<Self::Entity>>;
    /// New ones as the audit log shows them, in the same order.
    fn views(caller: &Caller, new: &[Self::Entity]) -> impl Future<Output = ApiResult<Vec<Self::View>>> + Send;
    /// How many more may be kept.
    fn room(_: &Caller) -> impl Future<Output = ApiResult<u64>> + Send {
        std::future::ready(Ok(u64::MAX))
    }
    /// Keeps one as its POST does, with its entry in the audit log.
    fn keep(caller: &Caller, entity: &Self::Entity) -> impl Future<Output = ApiResult<()>> + Send;
}

/// What to do with a faulty row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnFault {
    /// Report it and go on.
    #[default]
    Continue,
    /// Stop; what came before stays.
    Stop,
}

/// How to import.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// What to do with a faulty row; `continue` unless said otherwise.
    #[garde(skip)]
    #[param(inline)]
    on_error: Option<OnFault>,
    /// Only say what would be done.
    #[garde(skip)]
    dry_run: Option<bool>,
}

/// What is wrong with a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportFault {
    /// The line of the file the row begins on; 1 is the first.
    line: u64,
    /// The member or column; empty for the row as a whole.
    #[schema(example = "phoneNumber")]
    field: String,
    /// What is wrong with it.
    #[schema(example = "is not a telephone number: write it as +15551234567")]
    message: String,
}

/// What an import did, or would do.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportReport {
    /// Rows read, blank ones and the heading aside.
    rows: u64,
    /// Rows that were added.
    imported: u64,
    /// Rows whose number or code the tenant has already, or that came twice: what is there stays as it is.
    unchanged: u64,
    /// Rows that were refused. Nothing of them was kept.
    failed: u64,
    /// Why: the first 1,000 faults.
    errors: Vec<ImportFault>,
    /// The file was not read to its end: at a faulty row as asked, or because no further row could have been kept.
    stopped: bool,
    /// Nothing was written.
    dry_run: bool,
}

/// Imports a body.
pub(crate) async fn import<R: Imported>(
    caller: Caller,
    query: ImportQuery,
    headers: &HeaderMap,
    body: HttpBody,
) -> ApiResult<Json<ImportReport>> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let form = match kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase().as_str() {
        "text/csv" => Form::Csv,
        "application/x-ndjson" | "application/jsonl" => Form::JsonLines,
        _ => return Err(unsupported("text/csv or application/x-ndjson")),
    };
    let is_dry = query.dry_run.unwrap_or(false);
    let mut import = Import::<R> {
        caller,
        members: Members::of::<R::Create, R::View>(),
        stops_at_faults: query.on_error == Some(OnFault::Stop),
        seen: HashSet::new(),
        unread: Vec::new(),
        waiting: Vec::new(),
        looked: Looked::default(),
        report: ImportReport { dry_run: is_dry, ..ImportReport::default() },
    };
    let lines = Lines::new(body, ROW_BYTES_MAX);
    match form {
        Form::Csv => import.read_csv(lines).await?,
        Form::JsonLines => import.read_json(lines).await?,
    }
    import.read().await?;
    import.write().await?;
    let Import { caller, report, .. } = import;
    if !is_dry {
        let changes = json!({"rows": report.rows, "imported": report.imported, "unchanged": report.unchanged,
            "failed": report.failed, "stopped": report.stopped});
        caller.note(&format!("{}.import", R::Entity::NAME), R::Entity::NAME, None, changes).await;
    }
    Ok(Json(report))
}

/// How rows are written.
enum Form {
    /// Under a heading.
    Csv,
    JsonLines,
}

/// A row without a fault of its own.
struct Waiting<R: Imported> {
    line: u64,
    key: R::Key,
    /// `None`: one with its key came before.
    entity: Option<R::Entity>,
}

struct Import<R: Imported> {
    caller: Caller,
    members: Members,
    stops_at_faults: bool,
    /// Keys of rows that were kept.
    seen: HashSet<R::Key>,
    /// Lines whose rows are to be read together.
    unread: Vec<(u64, ApiResult<R::Create>)>,
    /// Rows that are to be kept together.
    waiting: Vec<Waiting<R>>,
    looked: Looked,
    report: ImportReport,
}

impl<R: Imported> Import<R> {
    async fn read_json(&mut self, mut lines: Lines) -> ApiResult<()> {
        while let Some(Line { number, text }) = lines.next().await? {
            let body = match text {
                Ok(text) if text.trim().is_empty() => continue,
                Ok(text) => serde_json::from_str::<Value>(&text).map_err(|error| format!("is not JSON: {error}")),
                Err(fault) => Err(fault),
            };
            let body = body.map(|value| self.members.body_of(value)).map_err(whole_row);
            if !self.row(number, body).await? {
                break;
            }
        }
        Ok(())
    }

    async fn read_csv(&mut self, mut lines: Lines) -> ApiResult<()> {
        let Some((columns, separators)) = self.heading(&mut lines).await? else { return Ok(()) };
        let mut record = csv::Record::new(separators);
        let (mut begun, mut bytes) = (0, 0);
        while let Some(Line { number, text }) = lines.next().await? {
            if !record.is_open() {
                (begun, bytes) = (number, 0);
            }
            let body = match text {
                Ok(text) if !record.is_open() && text.trim().is_empty() => continue,
                Ok(text) => {
                    bytes += text.len();
                    record.read(&text);
                    if record.is_open() && bytes <= ROW_BYTES_MAX {
                        continue;
                    }
                    if record.is_open() {
                        break;
                    }
                    columns.body_of(record.take())
                }
                Err(_) if record.is_open() => break,
                Err(fault) => Err(whole_row(fault)),
            };
            // Spreadsheets end with rows of nothing but separators.
            let is_blank = matches!(&body, Ok(Value::Object(members)) if members.is_empty());
            if !is_blank && !self.row(begun, body).await? {
                return Ok(());
            }
        }
        if record.is_open() {
            let message = "has a quotation mark that is never closed, so where the next row begins cannot be told";
            self.report.rows += 1;
            self.refuse(begun, &whole_row(message.to_owned()));
            self.report.stopped = true;
        }
        Ok(())
    }

    /// The columns, and what stands between them; `None` for a file without a line.
    async fn heading(&self, lines: &mut Lines) -> ApiResult<Option<(Columns, &'static [char])>> {
        while let Some(Line { text, .. }) = lines.next().await? {
            let text = text.map_err(|fault| ApiError::bad_request(format!("the heading {fault}")))?;
            if text.trim().is_empty() {
                continue;
            }
            let separator = text.chars().find(|character| csv::SEPARATORS.contains(character)).unwrap_or(',');
            let separators = csv::only(separator);
            let mut record = csv::Record::new(separators);
            record.read(&text);
            return Ok(Some((self.members.columns(&record.take())?, separators)));
        }
        Ok(None)
    }

    /// False when no further row is to be read.
    async fn row(&mut self, line: u64, body: ApiResult<Value>) -> ApiResult<bool> {
        if self.report.rows + self.unread.len() as u64 + self.waiting.len() as u64 == ROWS_MAX {
            self.read().await?;
            self.write().await?;
            if !self.report.stopped {
                let message = format!("is one too many: an import has {ROWS_MAX} rows; send the rest in another");
                self.refuse(line, &whole_row(message));
                self.report.stopped = true;
            }
            return Ok(false);
        }
        self.unread.push((line, body.and_then(parse_value::<R::Create>)));
        if self.unread.len() == BATCH_ROWS {
            self.read().await?;
        }
        Ok(!self.report.stopped)
    }

    /// Reads the lines that are unread: their rows wait, or are told where they are at fault.
    async fn read(&mut self) -> ApiResult<()> {
        let mut bodies = Vec::with_capacity(self.unread.len());
        let lines: Vec<(u64, Option<ApiError>)> = std::mem::take(&mut self.unread)
            .into_iter()
            .map(|(line, body)| (line, body.map(|body| bodies.push(body)).err()))
            .collect();
        // What cannot be looked up is told of the row it is asked for first, and is the end.
        let resolved = if bodies.is_empty() { Ok(Vec::new()) } else { R::resolved(&self.caller, bodies).await };
        let mut resolved = resolved.unwrap_or_else(|error| vec![Err(error)]).into_iter();
        for (line, fault) in lines {
            if self.report.stopped {
                break;
            }
            let row = match fault.map_or_else(|| resolved.next(), |fault| Some(Err(fault))) {
                Some(Ok(body)) => self.checked(body).await,
                Some(Err(error)) => Err(error),
                None => break,
            };
            self.next(line, row).await?;
        }
        Ok(())
    }

    async fn next(&mut self, line: u64, row: ApiResult<R::Entity>) -> ApiResult<()> {
        match row {
            Ok(entity) => {
                let key = R::key(&entity);
                if self.waiting.iter().any(|before| before.key == key) {
                    self.write().await?;
                }
                let entity = (!self.seen.contains(&key)).then_some(entity);
                if !self.report.stopped {
                    self.waiting.push(Waiting { line, key, entity });
                }
                if self.waiting.len() == BATCH_ROWS {
                    self.write().await?;
                }
            }
            Err(error) => {
                // What came before is told before, and may be the end.
                self.write().await?;
                if !self.report.stopped {
                    self.tell(line, None, Err(error));
                }
            }
        }
        Ok(())
    }

    async fn checked(&mut self, body: R::Create) -> ApiResult<R::Entity> {
        let entity = R::draft(&self.caller, body).await?;
        let faults = self.looked.faults(&self.caller, &R::references(&entity)).await?;
        if faults.is_empty() { Ok(entity) } else { Err(ApiError::validation(faults)) }
    }

    /// Keeps the rows that wait, and tells what became of them.
    async fn write(&mut self) -> ApiResult<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let (places, entities): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|row| ((row.line, row.key), row.entity)).unzip();
        let batch = Batch::<R>::new(self.caller.clone(), self.stops_at_faults);
        let told = if self.report.dry_run {
            batch.compared(&entities).await
        } else {
            // Whoever hangs up leaves no row half kept.
            tokio::spawn(async move { batch.kept(entities).await }).await.map_err(ApiError::internal)?
        };
        for ((line, key), outcome) in places.into_iter().zip(told) {
            self.tell(line, Some(key), outcome);
        }
        Ok(())
    }

    fn tell(&mut self, line: u64, key: Option<R::Key>, outcome: ApiResult<bool>) {
        self.report.rows += 1;
        match outcome {
            Ok(true) => {
                self.report.imported += 1;
                self.seen.extend(key);
            }
            Ok(false) => self.report.unchanged += 1,
            Err(error) => {
                self.report.stopped = ends(&error, self.stops_at_faults);
                self.refuse(line, &error);
            }
        }
    }

    fn refuse(&mut self, line: u64, error: &ApiError) {
        self.report.failed += 1;
        let room = FAULTS_MAX.saturating_sub(self.report.errors.len());
        if error.faults.is_empty() && room > 0 {
            self.report.errors.push(ImportFault { line, field: String::new(), message: error.message.clone() });
        }
        let faults = error.faults.iter().take(room);
        self.report.errors.extend(faults.map(|fault| ImportFault {
            line,
            field: fault.field.clone(),
            message: fault.message.clone(),
        }));
    }
}

fn whole_row(message: String) -> ApiError {
    ApiError::validation(vec![Fault::body("", message)])
}
