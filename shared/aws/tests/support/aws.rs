//! SDK clients: of an embedded DynamoDB, and for any server on the loopback interface. Every request is counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
    BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{
    BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
    SharedCredentialsProvider,
};
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsInput, TransactWriteItemsOutput,
};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use dynoxide::Database;
use tokio::net::TcpListener;
use wend_aws::dynamodb::{DynamoDb, Tables};

/// The document whose table says what things cost.
const ARCHITECTURE: &str = include_str!("../../../../ARCHITECTURE.md");

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An SDK configuration that talks to `url`.
pub fn config(url: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "test", "test", None, None, "test",
        )))
        .endpoint_url(url)
        .build()
}

/// An empty embedded DynamoDB with our tables, and the count of what is asked of it.
pub async fn dynamodb() -> (DynamoDb, Calls) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let database = Database::memory().unwrap();
    // The server ends with the test's runtime.
    let forever = std::future::pending();
    tokio::spawn(dynoxide::server::serve_with_shutdown(
        listener, database, forever,
    ));
    let calls = Calls::default();
    let config = aws_sdk_dynamodb::config::Builder::from(&config(&url))
        .interceptor(calls.clone())
        .build();
    let tables = Tables {
        contacts: "contacts".to_owned(),
        log: "log".to_owned(),
        releases: "releases".to_owned(),
        coupons: "coupons".to_owned(),
    };
    let db = DynamoDb::new(aws_sdk_dynamodb::Client::from_conf(config), tables);
    db.create_tables().await.unwrap();
    (db, calls)
}

/// What a use case cost. Requests are counted as they leave, the SDK's own repetitions too; units as DynamoDB reports them
/// for requests that succeed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bill {
    /// Requests by operation.
    pub requests: BTreeMap<String, usize>,
    /// Read capacity units.
    pub read_units: f64,
    /// Write capacity units.
    pub write_units: f64,
}

impl Bill {
    /// A bill with these requests.
    pub fn of(requests: &[(&str, usize)], read_units: f64, write_units: f64) -> Self {
        let requests = requests.iter().map(|(name, n)| ((*name).to_owned(), *n));
        Self {
            requests: requests.collect(),
            read_units,
            write_units,
        }
    }

    /// Holds the document's table of costs to it, and gives the bill back.
    pub fn row(self, what: &str) -> Self {
        let requests = self.requests.iter().map(|(name, n)| format!("{n} {name}"));
        let requests = requests.collect::<Vec<_>>().join(", ");
        let (read, write) = (self.read_units, self.write_units);
        let line = format!("| {what} | {requests} | {read} | {write} |");
        assert!(
            ARCHITECTURE.lines().any(|stands| stands == line),
            "ARCHITECTURE.md lacks this line in its table of costs:\n{line}"
        );
        self
    }
}

/// Counts the requests of a client.
#[derive(Clone, Debug, Default)]
pub struct Calls(Arc<Mutex<Bill>>);

impl Calls {
    /// What was asked since the last time.
    pub fn take(&self) -> Bill {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn add(&self, capacity: &[ConsumedCapacity], is_write: bool) {
        let units = capacity.iter().filter_map(ConsumedCapacity::capacity_units);
        let units: f64 = units.sum();
        let mut bill = self.0.lock().unwrap();
        if is_write {
            bill.write_units += units;
        } else {
            bill.read_units += units;
        }
    }
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "calls"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        macro_rules! ask_for_capacity {
            ($($input:ty),*) => {
                $(if let Some(input) = context.input_mut().downcast_mut::<$input>() {
                    input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
                })*
            };
        }
        ask_for_capacity!(
            BatchGetItemInput,
            GetItemInput,
            PutItemInput,
            QueryInput,
            TransactWriteItemsInput,
            UpdateItemInput
        );
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target");
        let (_, operation) = target
            .unwrap_or_default()
            .rsplit_once('.')
            .unwrap_or_default();
        let mut bill = self.0.lock().unwrap();
        *bill.requests.entry(operation.to_owned()).or_default() += 1;
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(output) = context.output_or_error() else {
            return Ok(());
        };
        macro_rules! add_capacity {
            ($($output:ty, $is_write:literal;)*) => {
                $(if let Some(output) = output.downcast_ref::<$output>() {
                    self.add(output.consumed_capacity.as_slice(), $is_write);
                })*
            };
        }
        add_capacity!(
            GetItemOutput, false;
            QueryOutput, false;
            PutItemOutput, true;
            UpdateItemOutput, true;
        );
        if let Some(output) = output.downcast_ref::<BatchGetItemOutput>() {
            self.add(output.consumed_capacity(), false);
        }
        if let Some(output) = output.downcast_ref::<TransactWriteItemsOutput>() {
            self.add(output.consumed_capacity(), true);
        }
        Ok(())
    }
}
