//! What was said in calls, and the words it is found by.

use async_trait::async_trait;
use domain::{CallId, RecordingId, TenantId, Timestamp, TranscriptId};
use operations::{
    Page, PageRequest, PageStart, StoreError, TOTAL_MAX, TenantScope, Total, Transcript, TranscriptAnalysis,
    TranscriptSegment, Transcripts, words_of,
};
use sea_orm::{DatabaseTransaction, QueryResult, Value};

use crate::{
    Store,
    convert::{column, from_json, json, number, stored},
    cursor::Cursor,
    sql::{Insert, direction, execute, query},
};

const COLUMNS: &str = "t.id, t.tenant_id, t.call_id, t.recording_id, t.engine, t.language, t.duration_ms, t.full_text, \
                       t.speaker_labels, t.created_at, t.updated_at";

const SEGMENTS: Insert = Insert {
    head: "INSERT INTO transcript_segments (transcript_id, idx, tenant_id, start_ms, end_ms, speaker, text)",
    columns: 7,
    tail: "",
};

const WORDS: Insert =
    Insert { head: "INSERT INTO transcript_words (tenant_id, word, transcript_id)", columns: 3, tail: "" };

fn read(row: &QueryResult) -> Result<Transcript, StoreError> {
    Ok(Transcript {
        id: TranscriptId(column(row, "id")?),
        tenant: TenantId(column(row, "tenant_id")?),
        call: CallId(column(row, "call_id")?),
        recording: column::<Option<_>>(row, "recording_id")?.map(RecordingId),
        engine: column(row, "engine")?,
        language: column(row, "language")?,
        duration_ms: number(column(row, "duration_ms")?)?,
        full_text: column(row, "full_text")?,
        speaker_labels: from_json(&column::<String>(row, "speaker_labels")?)?,
        segments: Vec::new(),
        analysis: None,
        created_at: Timestamp::from_micros(column(row, "created_at")?),
        updated_at: Timestamp::from_micros(column(row, "updated_at")?),
    })
}

#[async_trait]
impl Transcripts for Store {
    async fn put_transcript(&self, scope: TenantScope, transcript: &Transcript) -> Result<TranscriptId, StoreError> {
        let (tenant, transcript) = (scope.tenant(), transcript.clone());
        self.writer().write_for(scope, move |transaction| Box::pin(put(transaction, tenant, transcript))).await
    }

    async fn transcript_of_call(&self, scope: TenantScope, call: CallId) -> Result<Option<Transcript>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM transcripts t WHERE t.tenant_id = $1 AND t.call_id = $2");
        let rows = query(&self.scoped(scope).await?, &sql, [scope.tenant().0.into(), call.0.into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let mut transcript = read(row)?;
        let key: [Value; 2] = [transcript.id.0.into(), scope.tenant().0.into()];
        let sql = "SELECT start_ms, end_ms, speaker, text FROM transcript_segments \
                   WHERE transcript_id = $1 AND tenant_id = $2 ORDER BY idx";
        let rows = query(&self.scoped(scope).await?, sql, key.clone()).await?;
        transcript.segments = rows.iter().map(segment).collect::<Result<_, _>>()?;
        let sql = "SELECT billable, application_submitted, reasoning FROM transcript_analysis \
                   WHERE transcript_id = $1 AND tenant_id = $2";
        let rows = query(&self.scoped(scope).await?, sql, key).await?;
        transcript.analysis = rows.first().map(analysis).transpose()?;
        Ok(Some(transcript))
    }

    async fn search_transcripts(
        &self,
        scope: TenantScope,
        words: &[String],
        page: &PageRequest,
    ) -> Result<Page<Transcript>, StoreError> {
        let mut values: Vec<Value> = vec![scope.tenant().0.into()];
        let mut condition = "t.tenant_id = $1".to_owned();
        for word in words {
            values.push(word.clone().into());
            condition += &format!(
                " AND t.id IN (SELECT transcript_id FROM transcript_words WHERE tenant_id = $1 AND word = ${})",
                values.len()
            );
        }
        let (order, behind) = direction(page.order_of::<Transcript>());
        let (mut total, mut skipped) = (None, 0);
        match &page.from {
            PageStart::Number(number) => {
                let sql = format!(
                    "SELECT COUNT(*) AS total FROM (SELECT 1 FROM transcripts t WHERE {condition} LIMIT {TOTAL_MAX}) counted"
                );
                let rows = query(&self.scoped(scope).await?, &sql, values.clone()).await?;
                let counted: i64 = rows.first().map_or(Ok(0), |row| column(row, "total"))?;
                total = Some(Total::of(counted));
                skipped = u64::from(number.saturating_sub(1)) * u64::from(page.limit);
            }
            PageStart::Cursor(text) => {
                let cursor = Cursor::parse(text)?;
                values.push(cursor.value());
                values.push(cursor.id.into());
                condition += &format!(" AND (t.created_at, t.id) {behind} (${}, ${})", values.len() - 1, values.len());
            }
        }
        values.push((i64::from(page.limit) + 1).into());
        values.push(stored(skipped).into());
        let sql = format!(
            "SELECT {COLUMNS} FROM transcripts t WHERE {condition} ORDER BY t.created_at {order}, t.id {order} LIMIT ${} OFFSET ${}",
            values.len() - 1,
            values.len()
        );
        let rows = query(&self.scoped(scope).await?, &sql, values).await?;
        let more = rows.len() > page.limit as usize;
        let items: Vec<Transcript> = rows.iter().take(page.limit as usize).map(read).collect::<Result<_, _>>()?;
        let last = items.last().filter(|_| more);
        let next = last.map(|last| Cursor::at(last.created_at.micros(), last.id.0).to_string());
        Ok(Page { items, total, next })
    }
}

fn segment(row: &QueryResult) -> Result<TranscriptSegment, StoreError> {
    Ok(TranscriptSegment {
        start_ms: number(column(row, "start_ms")?)?,
        end_ms: number(column(row, "end_ms")?)?,
        speaker: column(row, "speaker")?,
        text: column(row, "text")?,
    })
}

fn analysis(row: &QueryResult) -> Result<TranscriptAnalysis, StoreError> {
    Ok(TranscriptAnalysis {
        billable: column(row, "billable")?,
        application_submitted: column(row, "application_submitted")?,
        reasoning: column(row, "reasoning")?,
    })
}

async fn put(
    transaction: &DatabaseTransaction,
    tenant: TenantId,
    transcript: Transcript,
) -> Result<TranscriptId, StoreError> {
    let calls = "SELECT 1 AS one FROM calls WHERE tenant_id = $1 AND id = $2";
    if query(transaction, calls, [tenant.0.into(), transcript.call.0.into()]).await?.is_empty() {
        return Err(StoreError::NotFound("call"));
    }
    // A call is one tenant's, so its transcript is as well.
    let upsert = "INSERT INTO transcripts (id, tenant_id, call_id, recording_id, engine, language, duration_ms, full_text, \
                  speaker_labels, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) \
                  ON CONFLICT (call_id) DO UPDATE SET recording_id = excluded.recording_id, engine = excluded.engine, \
                  language = excluded.language, duration_ms = excluded.duration_ms, full_text = excluded.full_text, \
                  speaker_labels = excluded.speaker_labels, updated_at = excluded.updated_at RETURNING id";
    let values = [
        transcript.id.0.into(),
        tenant.0.into(),
        transcript.call.0.into(),
        transcript.recording.map(|id| id.0).into(),
        transcript.engine.into(),
        transcript.language.into(),
        stored(transcript.duration_ms).into(),
        transcript.full_text.clone().into(),
        json(&transcript.speaker_labels)?.into(),
        transcript.updated_at.micros().into(),
    ];
    let rows = query(transaction, upsert, values).await?;
    let row = rows.first().ok_or_else(|| StoreError::failed("a transcript was written without an id"))?;
    let id: uuid::Uuid = column(row, "id")?;
    for table in ["transcript_segments", "transcript_analysis", "transcript_words"] {
        let clear = format!("DELETE FROM {table} WHERE transcript_id = $1 AND tenant_id = $2");
        execute(transaction, &clear, [id.into(), tenant.0.into()]).await?;
    }
    let mut segments: Vec<Value> = Vec::with_capacity(transcript.segments.len() * SEGMENTS.columns);
    for (index, segment) in transcript.segments.into_iter().enumerate() {
        segments.extend::<[Value; 7]>([
            id.into(),
            stored(index as u64).into(),
            tenant.0.into(),
            stored(segment.start_ms).into(),
            stored(segment.end_ms).into(),
            segment.speaker.into(),
            segment.text.into(),
        ]);
    }
    SEGMENTS.run(transaction, segments).await?;
    let words = words_of(&transcript.full_text);
    let words = words.into_iter().flat_map(|word| -> [Value; 3] { [tenant.0.into(), word.into(), id.into()] });
    WORDS.run(transaction, words.collect()).await?;
    if let Some(analysis) = transcript.analysis {
        let insert = "INSERT INTO transcript_analysis (transcript_id, tenant_id, billable, application_submitted, reasoning) \
                      VALUES ($1, $2, $3, $4, $5)";
        let TranscriptAnalysis { billable, application_submitted, reasoning } = analysis;
        let values = [id.into(), tenant.0.into(), billable.into(), application_submitted.into(), reasoning.into()];
        execute(transaction, insert, values).await?;
    }
    Ok(TranscriptId(id))
}
