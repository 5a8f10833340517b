//! Reading and writing attributes.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::Blob;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wend_app::ports::PortError;
use wend_core::time::Timestamp;

/// An item as the SDK has it.
#[expect(clippy::disallowed_types, reason = "the SDK's own type")]
pub(super) type Item = std::collections::HashMap<String, AttributeValue>;

#[expect(clippy::needless_pass_by_value, reason = "ids are small and copied")]
pub(super) fn s(text: impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "numbers are small and copied"
)]
pub(super) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn at(time: Timestamp) -> AttributeValue {
    n(time.as_millis())
}

pub(super) fn b(bytes: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// `value` in MessagePack with named fields.
pub(super) fn packed<T: Serialize>(
    operation: &'static str,
    value: &T,
) -> Result<AttributeValue, PortError> {
    rmp_serde::to_vec_named(value)
        .map(b)
        .map_err(|error| PortError::invalid(operation, error))
}

pub(super) fn unpacked<T: DeserializeOwned>(
    operation: &'static str,
    item: &Item,
    name: &'static str,
) -> Result<T, PortError> {
    let bytes = bytes(operation, item, name)?;
    rmp_serde::from_slice(bytes).map_err(|error| PortError::invalid(operation, error))
}

pub(super) fn text<'a>(
    operation: &'static str,
    item: &'a Item,
    name: &'static str,
) -> Result<&'a str, PortError> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value
        .map(String::as_str)
        .ok_or_else(|| missing(operation, name))
}

pub(super) fn bytes<'a>(
    operation: &'static str,
    item: &'a Item,
    name: &'static str,
) -> Result<&'a [u8], PortError> {
    let value = item.get(name).and_then(|value| value.as_b().ok());
    value
        .map(Blob::as_ref)
        .ok_or_else(|| missing(operation, name))
}

/// The number under `name`, if it stands there.
pub(super) fn number<T: std::str::FromStr>(
    operation: &'static str,
    item: &Item,
    name: &'static str,
) -> Result<Option<T>, PortError> {
    let Some(value) = item.get(name) else {
        return Ok(None);
    };
    let number = value.as_n().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| missing(operation, name))
}

pub(super) fn time(
    operation: &'static str,
    item: &Item,
    name: &'static str,
) -> Result<Option<Timestamp>, PortError> {
    Ok(number(operation, item, name)?.map(Timestamp::from_millis))
}

pub(super) fn missing(operation: &'static str, name: &str) -> PortError {
    PortError::invalid(operation, format!("a stored item has no readable `{name}`"))
}
