"""Catalogues as surveys, spreadsheets and web services write them: read, or refused by name."""
import gzip
import os

from harness import Case, main
from pictures import GALAXY_CONFIG, catalogue, make_images

LABELS = ["spiral", "elliptical"] * 4
TEXT = catalogue(LABELS)


class Catalogues(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "f.yaml").write_text(GALAXY_CONFIG)
        make_images(self.folder / "im")

    def check(self, content, status):
        (self.folder / "im" / "labels.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
        out, err = self.run_program("check", "--config", "f.yaml", status=status)
        raw = [c for c in out + err if ord(c) < 32 and c != "\n" or 0x7F <= ord(c) < 0xA0]
        self.assertEqual(raw, [], "no control character reaches the terminal")
        self.assertNotIn("internal error", err)
        return out + err

    def test_what_is_clear_is_read(self):
        tables = {
            "blanks": TEXT.replace(",elliptical\n", ", elliptical \n", 1),
            "table1": "#Table1\n" + TEXT,
            "comment": "# made with TOPCAT, on Monday\n" + TEXT,
            "header in a comment": "# " + TEXT,
            "ascii": "# " + TEXT.replace(",", "   "),
            "carriage returns": TEXT.replace("\n", "\r"),
            "windows": TEXT.replace("\n", "\r\n"),
            "semicolons": TEXT.replace(",", ";"),
            "sep": "sep=;\n" + TEXT.replace(",", ";"),
            "tabs": TEXT.replace(",", "\t"),
            "utf-8 with a mark": TEXT.encode("utf-8-sig"),
            "utf-16": TEXT.encode("utf-16"),
            "utf-16 little": TEXT.encode("utf-16-le"),
            "utf-16 big": TEXT.encode("utf-16-be"),
            "utf-16 tabs": TEXT.replace(",", "\t").encode("utf-16"),
            "utf-32": TEXT.encode("utf-32"),
            "gzip": gzip.compress(TEXT.encode()),
            "header case": TEXT.replace("file,label", "File,Label"),
            "twins": "\n".join(line + ",1,2" for line in TEXT.replace("label", "label", 1).splitlines()).replace(",1,2", ",x,x", 1),
        }
        for name, table in tables.items():
            with self.subTest(name):
                self.assertIn("8 training", self.check(table, 0))

    def test_a_name_of_millions_of_characters_is_shortened(self):
        output = self.check(TEXT.replace("g7.png", "a" * 5_000_000 + ".png"), 66)
        self.assertLess(len(output), 2000)
        self.assertIn("aaa...aaa", output)
        self.assertIn("File name too long", output)

    def test_what_is_not_clear_is_told_with_its_line(self):
        last = "g7.png,elliptical\n"
        for label, says in (("Elliptical", "labels.csv:9: label 'Elliptical' differs from 'elliptical' (line 3) in upper and lower case alone"),
                            ("nan", "labels.csv:9: no label ('nan' stands for a missing value)"), ("", "labels.csv:9: no label"),
                            ("ell\x1b[31miptical", "labels.csv:9: label 'ell\\x1b[31miptical' holds a control character"),
                            ("ell\x07", "labels.csv:9: label 'ell\\x07' holds a control character"),
                            ("spiral,x", "labels.csv:9: 3 cells, but the header has 2 columns")):
            with self.subTest(label):
                self.assertIn(says, self.check(TEXT.replace(last, f"g7.png,{label}\n"), 65))
        self.assertIn("labels.csv:9: a zero byte (NUL)", self.check(TEXT.replace(last, "g7.png,ell\0\n"), 65))
        self.assertIn("label 'sp\\xe9ral' is not UTF-8", self.check(TEXT.replace("spiral", "spéral").encode("latin-1"), 65))
        self.assertIn("no column file; there are g0.png", self.check(TEXT.split("\n", 1)[1], 65))
        self.assertIn("g7\\nerror: lost.png", self.check(TEXT.replace("g7.png", '"g7\nerror: lost.png"'), 66))

    def test_a_file_that_is_no_table_is_named(self):
        for content, name in ((b"<!DOCTYPE html>\n<html><body>Login, please</body></html>\n", "a web page (HTML)"),
                              (b'{"file": "g0.png", "label": "spiral"}', "a JSON file"), (b"<?xml version='1.0'?><VOTABLE/>", "a VOTable (XML)"),
                              (b"SIMPLE  =                    T", "a FITS file"),
                              (b"\\fixlen = T\n|file   |label     |\n|char   |char      |\n g0.png  spiral    \n", "an IPAC table"), (b"PK\x03\x04\x14\0\0\0\0\0[Content_Types].xml", "XLSX"),
                              (b"BZh91AY&SY\0\1", "bzip2"), (gzip.compress(TEXT.encode())[:40], "ends too early"),
                              (b"\x89PNG\r\n\x1a\n\0\0", "a PNG image"), (b"", "is empty")):
            with self.subTest(name):
                self.assertIn(name, self.check(content, 65))

    def test_a_catalogue_that_is_a_pipe_is_not_waited_for(self):
        os.mkfifo(self.folder / "im" / "labels.csv")
        _, err = self.run_program("check", "--config", "f.yaml", status=66, timeout=60)
        self.assertIn("a named pipe", err)

    def test_named_classes_may_be_called_as_they_are(self):
        (self.folder / "im" / "labels.csv").write_text(TEXT.replace("spiral", "nan").replace("elliptical", "NaN"))
        out, _ = self.run_program("check", "--config", "f.yaml", "--set", "data.classes=['nan', 'NaN']")
        self.assertIn("8 training", out)


if __name__ == "__main__":
    main()
