// Verifies an exported log with golang.org/x/mod/sumdb's note and tlog alone, as its authors wrote them.
//
// usage: driver EXPORT; prints the number of verified entries
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type export struct{ folder string }

func (e export) Height() int { return 8 }

func (e export) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		// The library writes tile/<height>/<level>/<number>; tlog-tiles leaves the height out.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(e.folder, path))
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("tile %s has another size", path)
		}
		found = append(found, data)
	}
	return found, nil
}

func (e export) SaveTiles([]tlog.Tile, [][]byte) {}

func fail(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func main() {
	folder := os.Args[1]
	key, err := os.ReadFile(filepath.Join(folder, "vkey"))
	fail(err)
	verifier, err := note.NewVerifier(strings.TrimSpace(string(key)))
	fail(err)
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	fail(err)
	opened, err := note.Open(signed, note.VerifierList(verifier))
	fail(err)
	lines := strings.Split(opened.Text, "\n")
	var size int64
	_, err = fmt.Sscan(lines[1], &size)
	fail(err)
	root, err := tlog.ParseHash(lines[2])
	fail(err)
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, export{folder})
	for start := int64(0); start < size; start += 256 {
		width := size - start
		if width > 256 {
			width = 256
		}
		tile := tlog.Tile{H: 8, L: 0, N: start / 256, W: int(width)}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		bundle, err := os.ReadFile(filepath.Join(folder, path))
		fail(err)
		for index := start; index < start+width; index++ {
			length := int(binary.BigEndian.Uint16(bundle))
			leaf := bundle[2 : 2+length]
			bundle = bundle[2+length:]
			hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
			fail(err)
			if want := tlog.RecordHash(leaf); want != hashes[0] {
				fail(fmt.Errorf("entry %d is not in the tree", index))
			}
			proof, err := tlog.ProveRecord(size, index, reader)
			fail(err)
			fail(tlog.CheckRecord(proof, size, root, index, hashes[0]))
		}
		if len(bundle) != 0 {
			fail(fmt.Errorf("something follows the entries"))
		}
	}
	if bytes.Equal(root[:], make([]byte, sha256.Size)) {
		fail(fmt.Errorf("no root"))
	}
	fmt.Println(size)
}
