//! The drawing as SVG: accounts that copy on the left, accounts that are copied to on the right.

use super::escape::xml;
use super::picture::{EdgeKind, NodeKind, Picture, symbol};
use crate::checks::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const WIDE: i32 = 300;
const HIGH: i32 = 42;
const GAP: i32 = 8;
const BETWEEN: i32 = 260;
const MARGIN: i32 = 20;
const HEAD: i32 = 26;
const TITLE: i32 = 56;

const CSS: &str = "\
svg{font-family:system-ui,'Segoe UI',sans-serif;color-scheme:light dark}\
.bg{fill:#fff}.t{fill:#1b1f24}.s{fill:#57606a}.acc{fill:#f6f8fa;stroke:#8c959f}.reg{fill:none;stroke:#afb8c1;stroke-dasharray:4 3}\
.n{fill:#fff;stroke:#57606a}.f{stroke:#d55e00;stroke-width:3}.u{stroke:#b07a00;stroke-width:2;stroke-dasharray:7 4}.k{stroke:#009e73;stroke-width:1.5}\
.e{fill:none}.ft{fill:#b34700}.ut{fill:#8a6000}.kt{fill:#00704f}.pill{fill:#fff;stroke:none}\
@media(prefers-color-scheme:dark){.bg{fill:#0d1117}.t{fill:#e6edf3}.s{fill:#9198a1}.acc{fill:#161b22;stroke:#3d444d}.reg{stroke:#3d444d}.n{fill:#0d1117;stroke:#9198a1}\
.f{stroke:#ff8c42}.u{stroke:#e0b03c}.k{stroke:#3fc99c}.ft{fill:#ff8c42}.ut{fill:#e0b03c}.kt{fill:#3fc99c}.pill{fill:#0d1117}}";

/// The picture; keys are named in what is encrypted under them.
pub fn write(picture: &Picture) -> String {
    let mut keys: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    let mut into: BTreeSet<&str> = BTreeSet::new();
    let mut out_of: BTreeSet<&str> = BTreeSet::new();
    for edge in &picture.edges {
        let (Some(from), Some(to)) = (picture.nodes.get(edge.from), picture.nodes.get(edge.to)) else { continue };
        match edge.kind {
            EdgeKind::Key => keys.entry(edge.from).or_default().push(&to.title),
            EdgeKind::Copies { .. } => {
                out_of.insert(&from.account);
                if from.account != to.account {
                    into.insert(&to.account);
                }
            }
        }
    }
    let mut body = String::new();
    let mut places: BTreeMap<usize, (i32, i32)> = BTreeMap::new();
    let mut bottom = TITLE;
    for side in 0..2 {
        let left = MARGIN + side * (WIDE + 2 * MARGIN + BETWEEN);
        let mut top = TITLE;
        for (account, regions) in picture.boxes() {
            let right = into.contains(account) && !out_of.contains(account);
            if right != (side == 1) {
                continue;
            }
            let mut inner = String::new();
            let mut y = top + HEAD;
            for (region, nodes) in regions {
                let start = y;
                y += 22;
                let mut any = false;
                for at in nodes {
                    let Some(node) = picture.nodes.get(at).filter(|node| node.kind != NodeKind::Key) else { continue };
                    any = true;
                    places.insert(at, (left + 16, y));
                    let mut named: Vec<&str> = keys.get(&at).cloned().unwrap_or_default();
                    named.dedup();
                    let under = match named.as_slice() {
                        [] => String::new(),
                        [key] => format!(" · key {key}"),
                        several => format!(" · {} keys", several.len()),
                    };
                    let _ = write!(
                        inner,
                        "<g><title>{}</title><rect class=\"n\" x=\"{}\" y=\"{y}\" width=\"{}\" height=\"{HIGH}\" rx=\"{}\"/><text class=\"t\" x=\"{}\" y=\"{}\" font-size=\"13\">{}</text><text class=\"s\" x=\"{}\" y=\"{}\" font-size=\"11\">{}</text></g>",
                        xml(&format!("{} {}", node.title, node.address.as_deref().unwrap_or_default())),
                        left + 16,
                        WIDE - 32,
                        if node.kind == NodeKind::Vault { 2 } else { 14 },
                        left + 28,
                        y + 18,
                        xml(&cut(&node.title, 38)),
                        left + 28,
                        y + 33,
                        xml(&cut(&format!("{}{under}", node.address.as_deref().unwrap_or(&node.detail)), 46)),
                    );
                    y += HIGH + GAP;
                }
                if !any {
                    y = start;
                    continue;
                }
                let _ = write!(
                    inner,
                    "<rect class=\"reg\" x=\"{}\" y=\"{start}\" width=\"{}\" height=\"{}\" rx=\"4\"/><text class=\"s\" x=\"{}\" y=\"{}\" font-size=\"11\">{}</text>",
                    left + 8,
                    WIDE - 16,
                    y - start,
                    left + 16,
                    start + 15,
                    xml(region)
                );
                y += GAP;
            }
            if y == top + HEAD {
                continue;
            }
            let _ = write!(
                body,
                "<rect class=\"acc\" x=\"{left}\" y=\"{top}\" width=\"{WIDE}\" height=\"{}\" rx=\"8\"/><text class=\"t\" x=\"{}\" y=\"{}\" font-size=\"13\" font-weight=\"600\">account {}</text>{inner}",
                y - top,
                left + 12,
                top + 18,
                xml(&cut(account, 34))
            );
            top = y + 2 * GAP;
            bottom = bottom.max(top);
        }
    }
    let (mut lines, mut marks) = (String::new(), String::new());
    let mut into_node: BTreeMap<usize, i32> = BTreeMap::new();
    let mut out_of_node: BTreeMap<usize, i32> = BTreeMap::new();
    for edge in &picture.edges {
        let (Some(verdict), Some((x, y)), Some((to_x, to_y))) =
            (edge.kind.verdict(), places.get(&edge.from), places.get(&edge.to))
        else {
            continue;
        };
        let (class, text_class) = match verdict {
            Verdict::Fails => ("f", "ft"),
            Verdict::Undecided => ("u", "ut"),
            Verdict::Succeeds => ("k", "kt"),
        };
        let (x, y) = (x + WIDE - 32, y + HIGH / 2);
        let same = to_x + WIDE - 32 == x;
        // Ends are spread over the height of the vault, so that arrows stay apart.
        let nth = into_node.entry(edge.to).and_modify(|nth| *nth += 1).or_insert(0);
        let to_y = to_y + 6 + (*nth * 5) % (HIGH - 12);
        let (to_x, bend) = if same { (x, BETWEEN / 2) } else { (*to_x, BETWEEN / 2) };
        let back = if same { x + bend } else { to_x - bend };
        let _ = write!(
            lines,
            "<path class=\"e {class}\" d=\"M{x} {y}C{} {y} {back} {to_y} {to_x} {to_y}\" marker-end=\"url(#{class})\"/>",
            x + bend
        );
        // The words stand on the line, those of one source one after the other.
        let nth = out_of_node.entry(edge.from).and_modify(|nth| *nth += 1).or_insert(0);
        let along = 0.16 + f64::from((*nth).min(4)) * 0.14;
        let at_x = bezier([x, x + bend, back, to_x], along);
        let at_y = bezier([y, y, to_y, to_y], along);
        let text = edge.kind.text();
        let width = i32::try_from(text.chars().count()).unwrap_or(10) * 7 + 8;
        let _ = write!(
            marks,
            "<rect class=\"pill\" x=\"{}\" y=\"{}\" width=\"{width}\" height=\"16\" rx=\"8\"/><text class=\"{text_class}\" x=\"{}\" y=\"{}\" font-size=\"12\" font-weight=\"600\">{}</text>",
            at_x - 4,
            at_y - 10,
            at_x,
            at_y + 3,
            xml(&text)
        );
    }
    let width = 2 * WIDE + BETWEEN + 4 * MARGIN;
    let height = bottom + 34;
    let markers: String = ["f", "u", "k"]
        .iter()
        .map(|class| format!("<marker id=\"{class}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"9\" markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"{class}t\" d=\"M0 0L8 4L0 8z\"/></marker>"))
        .collect();
    let legend: String = [(Verdict::Fails, "f", "fails"), (Verdict::Undecided, "u", "undecided"), (Verdict::Succeeds, "k", "succeeds")]
        .into_iter()
        .zip(0..)
        .map(|((verdict, class, word), at)| {
            let x = MARGIN + at * 150;
            let y = bottom + 14;
            format!("<path class=\"e {class}\" d=\"M{x} {y}h36\"/><text class=\"{class}t\" x=\"{}\" y=\"{}\" font-size=\"12\" font-weight=\"600\">{} {word}</text>", x + 44, y + 4, symbol(verdict))
        })
        .collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\"><style>{CSS}</style><defs>{markers}</defs><rect class=\"bg\" width=\"{width}\" height=\"{height}\"/><text class=\"t\" x=\"{MARGIN}\" y=\"32\" font-size=\"16\" font-weight=\"600\">{title}</text>{body}{lines}{marks}{legend}</svg>\n",
        title = xml(picture.headline())
    )
}

/// A coordinate of a cubic curve, rounded.
#[expect(clippy::cast_possible_truncation, reason = "coordinates are far below the limits of an i32")]
fn bezier([a, b, c, d]: [i32; 4], along: f64) -> i32 {
    let rest = 1.0 - along;
    let sum = f64::from(a) * rest.powi(3)
        + 3.0 * f64::from(b) * rest.powi(2) * along
        + 3.0 * f64::from(c) * rest * along.powi(2)
        + f64::from(d) * along.powi(3);
    sum.round() as i32
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    // The end of an address tells more than its beginning.
    let head: String = text.chars().take(most / 3).collect();
    let skip = text.chars().count() - (most - most / 3 - 1);
    format!("{head}…{}", text.chars().skip(skip).collect::<String>())
}
