//! Rows of a CSV file or of JSON lines, one after the other, from any row on.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Map, Value};

/// What can stand between the cells of a row.
const DELIMITERS: [u8; 4] = *b",;\t|";
/// How deep objects in objects are looked into: `User.UserAttributes.tier`.
const DEPTH_MAX: usize = 4;

/// A file of rows.
#[derive(Clone, Debug)]
pub struct Source {
    path: PathBuf,
    /// How CSV is cut; none: JSON lines.
    delimiter: Option<u8>,
    header: Vec<String>,
    /// Where the first row begins.
    begin: u64,
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number as a spreadsheet counts: the header is row 1. Of JSON lines, the line.
    pub number: u64,
    /// Where the next one begins.
    pub end: u64,
    /// What is said, by column; or why it cannot be read.
    pub cells: Result<Map<String, Value>, String>,
}

/// What is in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// How many rows.
    pub rows: u64,
    /// Its columns, in the order of their first appearance.
    pub columns: Vec<String>,
}

impl Source {
    /// Opens `path`: JSON lines where its name ends so, else CSV with a header.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let context = || format!("cannot read {}", path.display());
        let ending = path.extension().unwrap_or_default();
        let is_json = ["jsonl", "ndjson", "json"].iter().any(|end| ending == *end);
        let mut source = Self {
            path: path.to_owned(),
            delimiter: None,
            header: Vec::new(),
            begin: 0,
        };
        let mut file = BufReader::new(File::open(path).with_context(context)?);
        if is_json {
            return Ok(source);
        }
        let mut first = Vec::new();
        file.read_until(b'\n', &mut first).with_context(context)?;
        let delimiter = delimiter(&first);
        source.delimiter = Some(delimiter);
        let mut reader = csv(File::open(path).with_context(context)?, delimiter);
        let mut header = csv::ByteRecord::new();
        if !reader.read_byte_record(&mut header).with_context(context)? {
            bail!("{} is empty: it needs a header", path.display());
        }
        source.begin = reader.position().byte();
        for cell in &header {
            let name = std::str::from_utf8(cell);
            let name = name.with_context(|| format!("{}: save it as UTF-8", path.display()))?;
            // Spreadsheets begin a file with a mark that is no part of the first name.
            let name = name.trim_start_matches('\u{feff}').trim().to_owned();
            if !name.is_empty() && source.header.contains(&name) {
                bail!("{}: the column `{name}` is there twice", path.display());
            }
            source.header.push(name);
        }
        Ok(source)
    }

    /// Looks through the whole file.
    pub fn survey(&self) -> anyhow::Result<Survey> {
        let mut survey = Survey::default();
        for name in self.header.iter().filter(|name| !name.is_empty()) {
            survey.columns.push(name.clone());
        }
        for row in self.rows(None)? {
            survey.rows += 1;
            // CSV has its columns in the header.
            if let (None, Ok(cells)) = (self.delimiter, row?.cells) {
                let news = cells.into_iter().map(|(name, _)| name);
                let news: Vec<String> =
                    news.filter(|name| !survey.columns.contains(name)).collect();
                survey.columns.extend(news);
            }
        }
        Ok(survey)
    }

    /// The rows; after `from`: from behind the row with this number, which ends there.
    pub fn rows(&self, from: Option<(u64, u64)>) -> anyhow::Result<Rows> {
        let context = || format!("cannot read {}", self.path.display());
        let first = u64::from(self.delimiter.is_some());
        let (number, start) = from.unwrap_or((first, self.begin));
        let mut file = File::open(&self.path).with_context(context)?;
        file.seek(SeekFrom::Start(start)).with_context(context)?;
        let reader = match self.delimiter {
            Some(delimiter) => Reader::Csv(csv(file, delimiter), self.header.clone()),
            None => Reader::Json(BufReader::new(file)),
        };
        Ok(Rows {
            reader,
            number,
            start,
            end: start,
        })
    }
}

fn csv(file: File, delimiter: u8) -> csv::Reader<File> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(file)
}

/// The delimiter that a header has most of.
fn delimiter(header: &[u8]) -> u8 {
    let count = |delimiter: u8| header.split(|byte| *byte == delimiter).count();
    let most = DELIMITERS.into_iter().rev().max_by_key(|one| count(*one));
    most.unwrap_or(b',')
}

enum Reader {
    Csv(csv::Reader<File>, Vec<String>),
    Json(BufReader<File>),
}

/// Rows, as they are read.
pub struct Rows {
    reader: Reader,
    number: u64,
    /// Where reading began, from which a CSV reader counts.
    start: u64,
    end: u64,
}

impl Iterator for Rows {
    type Item = anyhow::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = match &mut self.reader {
            Reader::Csv(reader, header) => {
                let mut record = csv::ByteRecord::new();
                match reader.read_byte_record(&mut record) {
                    Ok(false) => return None,
                    Ok(true) => {
                        self.end = self.start + reader.position().byte();
                        self.number += 1;
                        Ok(cells(header, &record))
                    }
                    Err(error) => Err(error.into()),
                }
            }
            Reader::Json(reader) => loop {
                let mut line = Vec::new();
                match reader.read_until(b'\n', &mut line) {
                    Ok(0) => return None,
                    Ok(bytes) => {
                        self.end += bytes as u64;
                        self.number += 1;
                        if line.iter().all(u8::is_ascii_whitespace) {
                            continue;
                        }
                        break Ok(object(&line));
                    }
                    Err(error) => break Err(error.into()),
                }
            },
        };
        let (number, end) = (self.number, self.end);
        Some(read.map(|cells| Row { number, end, cells }))
    }
}

fn cells(header: &[String], record: &csv::ByteRecord) -> Result<Map<String, Value>, String> {
    if record.len() != header.len() {
        let (has, wants) = (record.len(), header.len());
        return Err(format!("it has {has} cells, the header {wants}"));
    }
    let mut cells = Map::new();
    for (name, cell) in header.iter().zip(record) {
        let text = std::str::from_utf8(cell);
        let text = text.map_err(|_| format!("`{name}` is not UTF-8: save the file as such"))?;
        let text = crate::cells::plain(text).trim();
        if !name.is_empty() && !text.is_empty() {
            cells.insert(name.clone(), Value::from(text));
        }
    }
    Ok(cells)
}

/// An object's values, those of objects within by their paths, too.
fn object(line: &[u8]) -> Result<Map<String, Value>, String> {
    let read = serde_json::from_slice(line).map_err(|error| format!("it is no JSON: {error}"))?;
    let Value::Object(object) = read else {
        return Err("each line is an object".to_owned());
    };
    let mut cells = Map::new();
    flatten("", object, 1, &mut cells);
    Ok(cells)
}

fn flatten(path: &str, object: Map<String, Value>, depth: usize, cells: &mut Map<String, Value>) {
    for (name, value) in object {
        let name = format!("{path}{name}");
        if let Value::Object(inner) = &value
            && depth < DEPTH_MAX
        {
            flatten(&format!("{name}."), inner.clone(), depth + 1, cells);
        }
        cells.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::Folder;

    fn read(folder: &Folder, file: &str) -> Vec<Row> {
        let source = Source::open(&folder.path().join(file)).unwrap();
        source.rows(None).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn rows_go_on_behind_any_of_them() {
        let folder = Folder::new("source");
        let text = "\u{feff}E-mail;Name\r\na@x.example;\"Ana\nMaria\"\r\nb@x.example;\r\nc@x.example;C;extra\n";
        folder.write("people.csv", text);
        let lines = "{\"email\":\"a@x.example\",\"user\":{\"id\":7}}\n\n{\"email\":null}\nno\n";
        folder.write("people.jsonl", lines);
        for file in ["people.csv", "people.jsonl"] {
            let all = read(&folder, file);
            let source = Source::open(&folder.path().join(file)).unwrap();
            for (index, row) in all.iter().enumerate() {
                let rest = source.rows(Some((row.number, row.end))).unwrap();
                let rest: Vec<Row> = rest.map(Result::unwrap).collect();
                assert_eq!(rest, all[index + 1..], "{file} behind {}", row.number);
            }
            assert_eq!(source.survey().unwrap().rows, 3);
        }
        let csv = read(&folder, "people.csv");
        assert_eq!(csv[0].cells.as_ref().unwrap()["Name"], "Ana\nMaria");
        assert_eq!(csv[0].cells.as_ref().unwrap()["E-mail"], "a@x.example");
        assert_eq!(csv[1].cells.as_ref().unwrap().get("Name"), None);
        assert_eq!(csv[2].number, 4);
        assert!(csv[2].cells.as_ref().unwrap_err().contains("3 cells"));
        let json = read(&folder, "people.jsonl");
        assert_eq!(json[0].cells.as_ref().unwrap()["user.id"], 7);
        assert_eq!(
            (json[1].number, &json[1].cells.as_ref().unwrap()["email"]),
            (3, &Value::Null)
        );
        assert!(json[2].cells.is_err());
    }

    #[test]
    fn a_file_is_surveyed_with_all_its_columns() {
        let folder = Folder::new("survey");
        folder.write("people.jsonl", "{\"a\":1}\n{\"b\":{\"c\":2}}\n");
        let source = Source::open(&folder.path().join("people.jsonl")).unwrap();
        assert_eq!(source.survey().unwrap().columns, ["a", "b", "b.c"]);
        folder.write("twice.csv", "a,a\n1,2\n");
        let twice = Source::open(&folder.path().join("twice.csv"));
        assert!(twice.unwrap_err().to_string().contains("twice"));
    }
}
