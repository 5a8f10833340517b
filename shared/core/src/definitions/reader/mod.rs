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
pub(crate) use values::{
    AMBIGUOUS, check_name, choice, data_name, flag, id, is_id, list, name_of, named, named_as,
    nearest, one_or_list, phrase, scalar, share, text, whole, zone,
};
