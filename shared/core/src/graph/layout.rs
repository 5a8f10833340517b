//! Where boxes stand: layers from top to bottom, an order in each with few crossings, and places near what they are joined to.
//!
//! After Sugiyama. A label is a box without a frame on the way of its edge, so nothing is ever drawn over it. An edge that skips
//! layers passes through a point in each. Numbers are whole pixels, and no step depends on chance.

/// A box to be placed: its size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) width: i32,
    pub(super) height: i32,
}

/// A placed box: the middle of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub(super) x: i32,
    pub(super) y: i32,
}

/// What is laid out.
pub(super) struct Layout {
    pub(super) sizes: Vec<Size>,
    pub(super) places: Vec<Place>,
    /// Which layer each box is in.
    layer: Vec<usize>,
    layers: Vec<Vec<usize>>,
    /// Short edges: from each layer to the next.
    down: Vec<Vec<usize>>,
    up: Vec<Vec<usize>>,
}

const GAP_X: i32 = 28;
const GAP_Y: i32 = 26;
/// A point that an edge passes through.
const POINT: Size = Size {
    width: 6,
    height: 0,
};
const SWEEPS: usize = 24;

impl Layout {
    /// Lays out boxes of `sizes` joined by `edges`, which lead nowhere in circles. Gives the points that each edge passes through.
    pub(super) fn new(sizes: Vec<Size>, edges: &[(usize, usize)]) -> (Self, Vec<Vec<usize>>) {
        let count = sizes.len();
        let layer = longest_paths(count, edges);
        let mut layout = Self {
            places: Vec::new(),
            down: vec![Vec::new(); count],
            up: vec![Vec::new(); count],
            layers: Vec::new(),
            sizes,
            layer,
        };
        let ways = edges
            .iter()
            .map(|(from, to)| layout.way(*from, *to))
            .collect();
        layout.fill_layers();
        layout.order();
        layout.place();
        (layout, ways)
    }

    /// The points of an edge, one in each layer that it skips.
    fn way(&mut self, from: usize, to: usize) -> Vec<usize> {
        let (first, last) = (self.layer_of(from) + 1, self.layer_of(to));
        let points: Vec<usize> = (first..last).map(|layer| self.point(layer)).collect();
        let mut before = from;
        for next in points.iter().copied().chain([to]) {
            if let Some(down) = self.down.get_mut(before) {
                down.push(next);
            }
            if let Some(up) = self.up.get_mut(next) {
                up.push(before);
            }
            before = next;
        }
        points
    }

    fn point(&mut self, layer: usize) -> usize {
        self.sizes.push(POINT);
        self.layer.push(layer);
        self.down.push(Vec::new());
        self.up.push(Vec::new());
        self.sizes.len() - 1
    }

    fn layer_of(&self, node: usize) -> usize {
        self.layer.get(node).copied().unwrap_or_default()
    }

    /// Boxes in their layers, in the order in which a walk from the top finds them: neighbours stand together from the beginning.
    fn fill_layers(&mut self) {
        let depth = self.layer.iter().max().map_or(0, |last| last + 1);
        self.layers = vec![Vec::new(); depth];
        let mut seen = vec![false; self.sizes.len()];
        let roots =
            (0..self.sizes.len()).filter(|node| self.up.get(*node).is_some_and(Vec::is_empty));
        let mut open: Vec<usize> = roots.collect();
        open.reverse();
        while let Some(node) = open.pop() {
            let Some(seen) = seen.get_mut(node).filter(|seen| !**seen) else {
                continue;
            };
            *seen = true;
            let layer = self.layer_of(node);
            if let Some(layer) = self.layers.get_mut(layer) {
                layer.push(node);
            }
            open.extend(self.down.get(node).into_iter().flatten().rev());
        }
    }

    /// Sweeps down and up: each box goes to the middle of those that it is joined to. The best order is kept.
    fn order(&mut self) {
        let mut best = (self.crossings(), self.layers.clone());
        for sweep in 0..SWEEPS {
            let is_down = sweep % 2 == 0;
            let depth = self.layers.len();
            for step in 1..depth {
                let layer = if is_down { step } else { depth - 1 - step };
                self.order_layer(layer, is_down);
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.layers.clone());
            }
        }
        self.layers = best.1;
    }

    fn order_layer(&mut self, layer: usize, is_down: bool) {
        let beside = if is_down {
            layer.wrapping_sub(1)
        } else {
            layer + 1
        };
        let ranks = self.ranks(beside);
        let joined = if is_down { &self.up } else { &self.down };
        let Some(nodes) = self.layers.get(layer) else {
            return;
        };
        let mut keyed: Vec<(i64, usize)> = Vec::with_capacity(nodes.len());
        for (rank, node) in nodes.iter().enumerate() {
            let to = joined.get(*node).into_iter().flatten();
            let places: Vec<i64> = to
                .filter_map(|to| ranks.get(*to).copied().flatten())
                .collect();
            let count = i64::try_from(places.len()).unwrap_or(1);
            let own = i64::try_from(rank).unwrap_or_default() * 1000;
            keyed.push((
                if places.is_empty() {
                    own
                } else {
                    places.iter().sum::<i64>() * 1000 / count
                },
                *node,
            ));
        }
        keyed.sort_by_key(|(key, _)| *key);
        if let Some(nodes) = self.layers.get_mut(layer) {
            *nodes = keyed.into_iter().map(|(_, node)| node).collect();
        }
    }

    /// The rank of each box of a layer.
    fn ranks(&self, layer: usize) -> Vec<Option<i64>> {
        let mut ranks = vec![None; self.sizes.len()];
        for (rank, node) in self.layers.get(layer).into_iter().flatten().enumerate() {
            if let Some(slot) = ranks.get_mut(*node) {
                *slot = i64::try_from(rank).ok();
            }
        }
        ranks
    }

    /// How many pairs of short edges cross.
    fn crossings(&self) -> usize {
        let of_layer = |layer: usize| {
            let below = self.ranks(layer + 1);
            let nodes = self.layers.get(layer).into_iter().flatten();
            let ends = nodes.flat_map(|node| {
                let mut ends: Vec<i64> = self
                    .down
                    .get(*node)
                    .into_iter()
                    .flatten()
                    .filter_map(|to| below.get(*to).copied().flatten())
                    .collect();
                ends.sort_unstable();
                ends
            });
            let ends: Vec<i64> = ends.collect();
            let pairs = ends.iter().enumerate().map(|(place, end)| {
                ends.iter()
                    .skip(place + 1)
                    .filter(|other| *other < end)
                    .count()
            });
            pairs.sum::<usize>()
        };
        (0..self.layers.len()).map(of_layer).sum()
    }

    fn place(&mut self) {
        self.places = vec![Place::default(); self.sizes.len()];
        let mut top = 0;
        for layer in &self.layers {
            let heights = layer
                .iter()
                .filter_map(|node| self.sizes.get(*node))
                .map(|size| size.height);
            let height = heights.max().unwrap_or(0);
            for node in layer {
                if let Some(place) = self.places.get_mut(*node) {
                    place.y = top + height / 2;
                }
                // An edge goes straight through the layer that it skips, beside the boxes.
                if let Some(size) = self.sizes.get_mut(*node).filter(|size| size.height == 0) {
                    size.height = height;
                }
            }
            top += height + GAP_Y;
        }
        for layer in 0..self.layers.len() {
            self.settle(layer, |_| Vec::new());
        }
        // The last sweep goes down: what follows on one box stands below it.
        for sweep in 0..=SWEEPS {
            let depth = self.layers.len();
            for step in 0..depth {
                let is_down = sweep % 2 == 0;
                let layer = if is_down { step } else { depth - 1 - step };
                self.settle(layer, |layout: &Self| layout.wishes(layer, is_down));
            }
        }
        self.join_parts();
        let left = self
            .places
            .iter()
            .zip(&self.sizes)
            .map(|(place, size)| place.x - size.width / 2)
            .min();
        for place in &mut self.places {
            place.x -= left.unwrap_or_default();
        }
    }

    /// Where each box of a layer would like to stand: in the middle of its neighbours.
    fn wishes(&self, layer: usize, is_down: bool) -> Vec<i32> {
        let nodes = self.layers.get(layer).into_iter().flatten();
        let joined = if is_down { &self.up } else { &self.down };
        let wish = |node: &usize| {
            let to = joined.get(*node).into_iter().flatten();
            let mut xs: Vec<i32> = to
                .filter_map(|to| self.places.get(*to))
                .map(|place| place.x)
                .collect();
            xs.sort_unstable();
            let middle = xs.len() / 2;
            let own = self.places.get(*node).map_or(0, |place| place.x);
            match (xs.get(middle), xs.get(middle.wrapping_sub(1))) {
                (Some(right), Some(left)) if xs.len().is_multiple_of(2) => {
                    i32::midpoint(*left, *right)
                }
                (Some(middle), _) => *middle,
                (None, _) => own,
            }
        };
        nodes.map(wish).collect()
    }

    /// Puts the boxes of a layer where they wish, in their order and with gaps: the least sum of squares, by pooling neighbours that
    /// would overlap.
    fn settle(&mut self, layer: usize, wishes: impl Fn(&Self) -> Vec<i32>) {
        let wishes = wishes(self);
        let Some(nodes) = self.layers.get(layer) else {
            return;
        };
        // How far right of the first box each one stands at least.
        let mut offsets = Vec::with_capacity(nodes.len());
        let (mut offset, mut before) = (0, None::<Size>);
        for node in nodes {
            let size = self.sizes.get(*node).copied().unwrap_or(POINT);
            offset += before.map_or(0, |before| i32::midpoint(before.width, size.width) + GAP_X);
            offsets.push(offset);
            before = Some(size);
        }
        // Sum of wishes, weight, boxes. An edge that bends is worse than a box off its middle.
        let mut pools: Vec<(i64, i64, usize)> = Vec::new();
        for ((place, offset), node) in offsets.iter().enumerate().zip(nodes) {
            let wish = wishes.get(place).map_or(0, |wish| i64::from(wish - offset));
            let is_point = self
                .sizes
                .get(*node)
                .is_some_and(|size| size.width == POINT.width);
            let weight = if is_point { 8 } else { 1 };
            pools.push((wish * weight, weight, 1));
            while let [
                ..,
                (sum, weight, count),
                (last_sum, last_weight, last_count),
            ] = pools.as_slice()
            {
                if *sum * *last_weight <= *last_sum * *weight {
                    break;
                }
                let pooled = (sum + last_sum, weight + last_weight, count + last_count);
                pools.truncate(pools.len() - 2);
                pools.push(pooled);
            }
        }
        let starts = pools.into_iter().flat_map(|(sum, weight, count)| {
            let start = i32::try_from(sum.div_euclid(weight)).unwrap_or_default();
            std::iter::repeat_n(start, count)
        });
        for ((node, offset), start) in nodes.iter().zip(offsets).zip(starts) {
            if let Some(place) = self.places.get_mut(*node) {
                place.x = start + offset;
            }
        }
    }

    /// Moves parts that no edge joins as near to each other as boxes allow.
    fn join_parts(&mut self) {
        let mut part: Vec<Option<usize>> = vec![None; self.sizes.len()];
        let mut right: Vec<Option<i32>> = vec![None; self.layers.len()];
        for root in 0..self.sizes.len() {
            if part.get(root).copied().flatten().is_some() {
                continue;
            }
            let members = self.part_of(root, &mut part);
            let edge = |side: i32, node: usize| {
                let place = self.places.get(node).map_or(0, |place| place.x);
                place + side * self.sizes.get(node).map_or(0, |size| size.width) / 2
            };
            let shifts = members.iter().filter_map(|node| {
                // Curves swing out between two layers: those beside count, too.
                let layer = self.layer_of(*node);
                let beside = layer.saturating_sub(1)..=layer + 1;
                let taken = beside
                    .filter_map(|layer| right.get(layer).copied().flatten())
                    .max()?;
                Some(taken + 2 * GAP_X - edge(-1, *node))
            });
            let shift = shifts.max().unwrap_or(0);
            let ends: Vec<(usize, i32)> = members
                .iter()
                .map(|node| (self.layer_of(*node), edge(1, *node) + shift))
                .collect();
            for (layer, end) in ends {
                if let Some(right) = right.get_mut(layer) {
                    *right = Some(right.map_or(end, |known| known.max(end)));
                }
            }
            for node in members {
                if let Some(place) = self.places.get_mut(node) {
                    place.x += shift;
                }
            }
        }
    }

    /// All that edges join to `root`.
    fn part_of(&self, root: usize, part: &mut [Option<usize>]) -> Vec<usize> {
        let mut members = Vec::new();
        let mut open = vec![root];
        while let Some(node) = open.pop() {
            let Some(slot) = part.get_mut(node).filter(|slot| slot.is_none()) else {
                continue;
            };
            *slot = Some(root);
            members.push(node);
            let joined = [&self.up, &self.down]
                .into_iter()
                .filter_map(|joined| joined.get(node));
            open.extend(joined.flatten().copied());
        }
        members
    }

    /// How much room all of it takes.
    pub(super) fn extent(&self) -> Size {
        let of = |x: bool| {
            let ends = self.places.iter().zip(&self.sizes).map(|(place, size)| {
                if x {
                    place.x + size.width / 2
                } else {
                    place.y + size.height / 2
                }
            });
            ends.max().unwrap_or(0)
        };
        Size {
            width: of(true),
            height: of(false),
        }
    }
}

/// The layer of each box: one below the lowest that leads to it.
fn longest_paths(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layer = vec![0_usize; count];
    for _ in 0..count {
        let mut is_settled = true;
        for (from, to) in edges {
            let least = layer.get(*from).copied().unwrap_or_default() + 1;
            if let Some(own) = layer.get_mut(*to).filter(|own| **own < least) {
                *own = least;
                is_settled = false;
            }
        }
        if is_settled {
            break;
        }
    }
    layer
}
