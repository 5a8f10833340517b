//! The tables' keys and indexes, for an empty embedded database. `template.yaml` is what a deployment has; a test compares.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use wend_app::ports::PortError;

use super::{DUE_INDEX, DynamoDb, POOL_INDEX};
use crate::error::port_error;

const CREATE: &str = "create a table";

/// The keys of one table and of its index: names and types (`S`, `N`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Partition key and, where there is one, sort key.
    pub keys: &'static [(&'static str, &'static str)],
    /// The index's name; none: it has none.
    pub index_name: Option<&'static str>,
    /// The index's keys.
    pub index: &'static [(&'static str, &'static str)],
}

/// The contacts table.
pub const CONTACTS: Schema = Schema {
    keys: &[("pk", "S")],
    index_name: Some(DUE_INDEX),
    index: &[("due_shard", "S"), ("due_at", "N")],
};
/// The log table.
pub const LOG: Schema = Schema {
    keys: &[("pk", "S"), ("sk", "S")],
    index_name: None,
    index: &[],
};
/// The releases table.
pub const RELEASES: Schema = Schema {
    keys: &[("pk", "S")],
    index_name: None,
    index: &[],
};
/// The coupons table.
pub const COUPONS: Schema = Schema {
    keys: &[("pk", "S")],
    index_name: Some(POOL_INDEX),
    index: &[("pool", "S"), ("place", "S")],
};

impl DynamoDb {
    /// Creates the tables that are not there yet.
    pub async fn create_tables(&self) -> Result<(), PortError> {
        let tables = &self.tables;
        for (name, schema) in [
            (&tables.contacts, CONTACTS),
            (&tables.log, LOG),
            (&tables.releases, RELEASES),
            (&tables.coupons, COUPONS),
        ] {
            self.create_table(name, schema).await?;
        }
        Ok(())
    }

    async fn create_table(&self, name: &str, schema: Schema) -> Result<(), PortError> {
        let built = |error: BuildError| PortError::invalid(CREATE, error);
        let attributes = schema.keys.iter().chain(schema.index).map(|(name, kind)| {
            AttributeDefinition::builder()
                .attribute_name(*name)
                .attribute_type(ScalarAttributeType::from(*kind))
                .build()
        });
        let attributes = attributes.collect::<Result<_, _>>().map_err(built)?;
        let request = self
            .client
            .create_table()
            .table_name(name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_attribute_definitions(Some(attributes))
            .set_key_schema(Some(key_schema(schema.keys).map_err(built)?));
        let request = if let Some(name) = schema.index_name {
            let projection = Projection::builder().projection_type(ProjectionType::KeysOnly);
            let index = GlobalSecondaryIndex::builder()
                .index_name(name)
                .set_key_schema(Some(key_schema(schema.index).map_err(built)?))
                .projection(projection.build())
                .build();
            request.global_secondary_indexes(index.map_err(built)?)
        } else {
            request
        };
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_resource_in_use_exception() => Ok(()),
                _ => Err(port_error(CREATE, &error)),
            },
        }
    }
}

fn key_schema(keys: &[(&str, &str)]) -> Result<Vec<KeySchemaElement>, BuildError> {
    let kinds = [KeyType::Hash, KeyType::Range];
    let elements = keys.iter().zip(kinds).map(|((name, _), kind)| {
        KeySchemaElement::builder()
            .attribute_name(*name)
            .key_type(kind)
            .build()
    });
    elements.collect()
}
