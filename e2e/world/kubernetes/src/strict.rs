//! Reading bodies, and noticing fields that stand twice.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::failure::Failure;
use crate::schema::join;

/// A body, and the paths of fields that stand in it more than once. The last one counts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Read {
    pub(crate) value: Value,
    pub(crate) duplicates: Vec<String>,
}

/// Reads a JSON body, or a YAML one where the content type allows it.
pub(crate) fn read(body: &[u8], yaml: bool) -> Result<Read, Failure> {
    let mut duplicates = Vec::new();
    let seed = Seed { path: String::new(), duplicates: &mut duplicates };
    let json = !yaml || body.trim_ascii_start().starts_with(b"{");
    let value = if json {
        let mut reader = serde_json::Deserializer::from_slice(body);
        let value = seed.deserialize(&mut reader);
        value.and_then(|value| reader.end().map(|()| value)).map_err(|e| e.to_string())
    } else {
        yaml_value(body, seed)
    };
    let value = value.map_err(|why| Failure::bad_request(format!("error decoding the body: {why}")))?;
    Ok(Read { value, duplicates })
}

fn yaml_value(body: &[u8], seed: Seed<'_>) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|e| e.to_string())?;
    let options = serde_saphyr::options! { duplicate_keys: serde_saphyr::DuplicateKeyPolicy::PassThrough };
    serde_saphyr::with_deserializer_from_str_with_options(text, options, |deserializer| {
        seed.deserialize(deserializer)
    })
    .map_err(|e| e.to_string())
}

struct Seed<'a> {
    path: String,
    duplicates: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let path = format!("{}[{}]", self.path, list.len());
            match seq.next_element_seed(Seed { path, duplicates: self.duplicates })? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let path = join(&self.path, &name);
            let value = map.next_value_seed(Seed { path: path.clone(), duplicates: self.duplicates })?;
            if fields.insert(name, value).is_some() {
                self.duplicates.push(path);
            }
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read;

    #[test]
    fn a_field_that_stands_twice_is_noticed_with_its_path() {
        let found = read(br#"{"a": [{"b": 1, "b": 2}]}"#, false).unwrap();
        assert_eq!(found.value, json!({"a": [{"b": 2}]}));
        assert_eq!(found.duplicates, ["a[0].b"]);
    }

    #[test]
    fn yaml_is_read_where_it_is_allowed() {
        let found = read(b"a:\n  b: 1\n  b: two\n", true).unwrap();
        assert_eq!((found.value, found.duplicates), (json!({"a": {"b": "two"}}), vec!["a.b".to_owned()]));
        assert!(read(b"a: 1", false).is_err());
    }
}
