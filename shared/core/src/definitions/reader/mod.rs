//! What readers of all kinds of files share: faults and references, mappings, values.

mod faults;
mod given;
mod map;
#[cfg(test)]
pub(crate) mod recorded;
mod values;

pub(crate) use faults::{Faults, Read};
pub(crate) use given::{GivenScope, given_map, scalar_value};
pub(crate) use map::MapReader;
pub use values::nearest;
pub(crate) use values::{
    check_name, choice, data_name, flag, hours_or_days, id, is_id, list, name_of, named, named_as,
    one_or_list, phrase, scalar, share, text, whole, zone,
};
