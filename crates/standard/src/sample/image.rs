//! A whole JPEG in a hundred and sixty bytes.

/// One grey pixel, baseline JPEG: enough to be opened by anything that opens JPEG.
pub(super) fn grey_pixel() -> Vec<u8> {
    let mut jpeg = vec![0xFF, 0xD8];
    jpeg.extend(b"\xFF\xE0\x00\x10JFIF\0\x01\x01\x01\x00\x48\x00\x48\x00\x00");
    jpeg.extend([0xFF, 0xDB, 0x00, 0x43, 0x00]); // one table of quantisers, all 1
    jpeg.extend([1; 64]);
    jpeg.extend([0xFF, 0xC0, 0x00, 0x0B, 8, 0, 1, 0, 1, 1, 1, 0x11, 0]); // 1 x 1, one component
    for class in [0x00, 0x10] {
        jpeg.extend([0xFF, 0xC4, 0x00, 0x14, class, 1]); // a Huffman table with one code of one bit
        jpeg.extend([0; 15]);
        jpeg.push(0);
    }
    jpeg.extend([0xFF, 0xDA, 0x00, 0x08, 1, 1, 0x00, 0, 63, 0]);
    jpeg.extend([0x3F, 0xFF, 0xD9]); // no difference, end of block, padding
    jpeg
}
