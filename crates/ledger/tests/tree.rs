//! The tree: what RFC 9162 defines, found by two other implementations too (R10.5).

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod helpers;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use fumibako_ledger::{
    ConsistencyProof, Hash, InclusionProof, SIZE_MAX, TileId, TilePath, Tiles, Tree, TreeError, TreeSource, empty_root,
    leaf_hash, node_hash, root_of, tiles_for_consistency, tiles_for_inclusion, tiles_for_root,
};
use helpers::{entry, stored};
use proptest::prelude::*;
use sha2::Sha256;
use tlog_tiles::{HashReader, TileHashReader, TileReader};

/// The sizes at which tiles, and tiles of tiles, begin and end; and those between which nothing happens.
const SIZES: [u64; 16] = [1, 2, 3, 5, 8, 13, 255, 256, 257, 511, 512, 513, 1000, 2049, 65_536, 70_000];

/// The definition, read out: MTH of RFC 9162, 2.1.1.
fn defined(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
            node_hash(&defined(left), &defined(right))
        }
    }
}

fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|index| leaf_hash(&entry(index))).collect()
}

/// A few indexes of a tree: its edges, and those of tiles.
fn indexes(size: u64) -> Vec<u64> {
    let mut some = vec![0, 1, 254, 255, 256, 257, 511, 512, size / 3, size / 2, size.saturating_sub(2), size - 1];
    some.retain(|index| *index < size);
    some.sort_unstable();
    some.dedup();
    some
}

#[test]
fn r10_5_the_root_is_the_one_of_the_definition() {
    assert_eq!(Tree::new().root(), empty_root());
    let all = leaves(1_100);
    let mut tree = Tree::new();
    for (leaf, size) in all.iter().zip(1_usize..) {
        tree.append(*leaf);
        assert_eq!(tree.root(), defined(&all[..size]), "size {size}");
        assert_eq!(tree.size(), size as u64);
    }
    assert_eq!(stored(70_000).0.root(), defined(&leaves(70_000)));
}

#[test]
fn r10_5_a_tree_goes_on_from_its_stored_tiles() {
    let sizes = [0, 1, 255, 256, 257, 300, 65_535, 65_536, 65_537];
    for size in sizes {
        let (mut grown, tiles) = stored(size);
        let mut resumed = Tree::resume(size, &tiles).unwrap();
        assert_eq!(resumed.root(), grown.root(), "size {size}");
        assert_eq!(root_of(&tiles, size).unwrap(), grown.root());
        for index in size..size + 300 {
            grown.append(leaf_hash(&entry(index)));
            resumed.append(leaf_hash(&entry(index)));
        }
        assert_eq!(resumed.root(), grown.root(), "size {size} and 300 more");
        assert!(resumed.partial_tiles().eq(grown.partial_tiles()));
    }
}

#[test]
fn r10_5_a_tree_does_not_go_on_without_its_tiles() {
    assert_eq!(Tree::resume(300, &Tiles::new()).unwrap_err(), TreeError::Missing(Tree::edge_tiles(300).unwrap()[0]));
    let (_, tiles) = stored(300);
    let too_long = Tree::resume(301, &tiles).unwrap_err();
    assert_eq!(too_long, TreeError::Missing(TileId { level: 0, index: 1, width: 45 }));
    assert_eq!(Tree::resume(SIZE_MAX + 1, &tiles).unwrap_err(), TreeError::OutOfRange);
}

#[test]
fn r10_5_tiles_lie_where_c2sp_says() {
    let path = |level, index, width| TileId { level, index, width }.path();
    assert_eq!(path(0, 0, 256), "tile/0/000");
    assert_eq!(path(1, 1_234_067, 256), "tile/1/x001/x234/067");
    assert_eq!(path(0, 273, 112), "tile/0/273.p/112");
    assert_eq!(TileId { level: 0, index: 1_000, width: 1 }.entries_path(), "tile/entries/x001/000.p/1");

    // The example of the specification: 70,000 entries.
    let (tree, _) = stored(70_000);
    let partial: Vec<String> = tree.partial_tiles().map(|(tile, _)| tile.path()).collect();
    assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    assert_eq!(tiles_for_root(70_000).unwrap(), tree.partial_tiles().map(|(tile, _)| tile).collect::<Vec<_>>());
}

#[test]
fn r10_5_a_proof_needs_the_tiles_that_are_named_and_no_others() {
    for size in SIZES {
        let (tree, all) = stored(size);
        for index in indexes(size) {
            let mut some = Tiles::new();
            for tile in tiles_for_inclusion(index, size).unwrap() {
                some.insert(tile, all.tile(tile).unwrap());
            }
            let proof = InclusionProof::of(&some, index, size).unwrap();
            proof.verify(&leaf_hash(&entry(index)), &tree.root()).unwrap();
        }
        for old in indexes(size) {
            let mut some = Tiles::new();
            for tile in tiles_for_consistency(old, size).unwrap() {
                some.insert(tile, all.tile(tile).unwrap());
            }
            let proof = ConsistencyProof::between(&some, old, size).unwrap();
            proof.verify(&root_of(&all, old).unwrap_or_else(|_| defined(&leaves(old))), &tree.root()).unwrap();
        }
    }
}

#[test]
fn r10_5_ct_merkle_finds_the_same_roots_and_proofs() {
    let mut other: MemoryBackedTree<Sha256, Vec<u8>> = MemoryBackedTree::new();
    let mut tree = Tree::new();
    for size in 1..=1_030 {
        other.push(entry(size - 1));
        tree.append(leaf_hash(&entry(size - 1)));
        assert_eq!(other.root().as_bytes().as_slice(), tree.root().as_slice(), "size {size}");
        if !(size < 70 || size % 97 == 0 || SIZES.contains(&size)) {
            continue;
        }
        let (_, tiles) = stored(size);
        for index in indexes(size) {
            let theirs = other.prove_inclusion(usize::try_from(index).unwrap());
            let ours = InclusionProof::of(&tiles, index, size).unwrap();
            assert_eq!(theirs.as_bytes(), ours.hashes.concat(), "entry {index} of {size}");
            ours.verify(&leaf_hash(&entry(index)), &tree.root()).unwrap();
            if index > 0 {
                let theirs = other.prove_consistency(usize::try_from(size - index).unwrap());
                let ours = ConsistencyProof::between(&tiles, index, size).unwrap();
                assert_eq!(theirs.as_bytes(), ours.hashes.concat(), "from {index} to {size}");
                ours.verify(&defined(&leaves(index)), &tree.root()).unwrap();
            }
        }
    }
}

/// Our tiles, as the other implementation asks for them.
struct Theirs<'a>(&'a Tiles);

impl TileReader for Theirs<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &tlog_tiles::Tile| {
            let width = u16::try_from(tile.width()).unwrap();
            let id = TileId { level: tile.level(), index: tile.level_index(), width };
            // Theirs names the height as well: tile/8/0/000.
            assert_eq!(tile.path(), id.path().replacen("tile/", "tile/8/", 1));
            TileId::to_bytes(&self.0.tile(id).unwrap()[..usize::from(width)])
        };
        Ok(tiles.iter().map(read).collect())
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

#[test]
fn r10_5_tlog_tiles_reads_our_tiles_and_checks_our_proofs() {
    for size in SIZES {
        let (tree, tiles) = stored(size);
        let root = tlog_tiles::Hash(tree.root());
        let theirs = Theirs(&tiles);
        // It authenticates every tile against the root before it hands out a hash.
        let reader = TileHashReader::new(size, root, &theirs);
        for index in indexes(size) {
            let leaf = tlog_tiles::record_hash(&entry(index));
            let at = tlog_tiles::stored_hash_index(0, index);
            assert_eq!(reader.read_hashes(&[at]).unwrap(), [leaf], "entry {index} of {size}");

            let proof = tlog_tiles::prove_record(size, index, &reader).unwrap();
            let ours = InclusionProof::of(&tiles, index, size).unwrap();
            assert_eq!(proof.iter().map(|hash| hash.0).collect::<Vec<_>>(), ours.hashes);
            tlog_tiles::check_record(&proof, size, root, index, leaf).unwrap();

            if index > 0 {
                let old = tlog_tiles::Hash(defined(&leaves(index)));
                let proof = ConsistencyProof::between(&tiles, index, size).unwrap();
                let proof = proof.hashes.into_iter().map(tlog_tiles::Hash).collect();
                tlog_tiles::check_tree(&proof, size, root, index, old).unwrap();
            }
        }
    }
}

#[test]
fn r10_5_no_proof_of_what_is_not_there() {
    let (tree, tiles) = stored(300);
    assert_eq!(InclusionProof::of(&tiles, 300, 300).unwrap_err(), TreeError::OutOfRange);
    assert_eq!(ConsistencyProof::between(&tiles, 301, 300).unwrap_err(), TreeError::OutOfRange);
    let proof = InclusionProof::of(&tiles, 17, 300).unwrap();
    let root = tree.root();
    proof.verify(&leaf_hash(&entry(17)), &root).unwrap();
    assert!(proof.verify(&leaf_hash(&entry(18)), &root).is_err());
    assert!(proof.verify(&leaf_hash(&entry(17)), &stored(301).0.root()).is_err());
    for wrong in [InclusionProof { index: 18, ..proof.clone() }, InclusionProof { index: 300, ..proof.clone() }] {
        assert!(wrong.verify(&leaf_hash(&entry(17)), &root).is_err());
    }
    for change in [-1, 1] {
        let mut wrong = proof.clone();
        let len = wrong.hashes.len().checked_add_signed(change).unwrap();
        wrong.hashes.resize(len, [0; 32]);
        assert!(wrong.verify(&leaf_hash(&entry(17)), &root).is_err());
    }
}

#[test]
fn r10_6_a_forked_tree_has_no_consistency_proof() {
    let (tree, tiles) = stored(600);
    let proof = ConsistencyProof::between(&tiles, 300, 600).unwrap();
    proof.verify(&stored(300).0.root(), &tree.root()).unwrap();
    // One entry of the older tree was another.
    let mut fork = Tree::new();
    (0..300).for_each(|index| fork.append(leaf_hash(&entry(if index == 120 { 9_999 } else { index }))));
    assert!(proof.verify(&fork.root(), &tree.root()).is_err());
    let empty = ConsistencyProof::between(&tiles, 0, 600).unwrap();
    empty.verify(&empty_root(), &tree.root()).unwrap();
    assert!(empty.verify(&fork.root(), &tree.root()).is_err());
    let same = ConsistencyProof::between(&tiles, 600, 600).unwrap();
    same.verify(&tree.root(), &tree.root()).unwrap();
    assert!(same.verify(&fork.root(), &tree.root()).is_err());
}

proptest! {
    #[test]
    fn r10_5_any_byte_of_a_proof_counts(size in 2_u64..700, index in 0_u64..700, at in 0_usize..320, flip in 1_u8..) {
        let index = index % size;
        let (tree, tiles) = stored(size);
        let mut proof = InclusionProof::of(&tiles, index, size).unwrap();
        let (hash, byte) = (at / 32 % proof.hashes.len(), at % 32);
        proof.hashes[hash][byte] ^= flip;
        prop_assert!(proof.verify(&leaf_hash(&entry(index)), &tree.root()).is_err());
    }

    #[test]
    fn r10_5_numbers_that_fit_no_tree_prove_nothing(
        index: u64, size: u64, old: u64, hashes in proptest::collection::vec(any::<[u8; 32]>(), 0..80)
    ) {
        let root = [1; 32];
        let proof = InclusionProof { index, size, hashes: hashes.clone() };
        prop_assert!(proof.verify(&[0; 32], &root).is_err());
        let proof = ConsistencyProof { old_size: old, new_size: size, hashes };
        prop_assert!(proof.verify(&[0; 32], &root).is_err());
    }

    #[test]
    fn r10_5_a_path_has_one_spelling(path in "tile/(0|1|7|8|entries|07)/(x?[0-9]{1,4}/){0,3}[0-9]{1,4}(\\.p/[0-9]{1,3})?") {
        if let Some(read) = TilePath::parse(&path) {
            prop_assert_eq!(read.path(), path);
        }
    }
}
