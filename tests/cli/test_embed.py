"""Features of a trained network: their picture, neighbours, and maps of what the network looks at."""
import csv
import re
import struct

from harness import GALAXY, WAVEFORM, Case, main

SHORT = ("--set", "training.max_steps=6", "--set", "training.threads=1")


class Embeddings(Case):
    def setUp(self):
        super().setUp()
        self.train(GALAXY, "r", *SHORT)

    def embed(self, *arguments, **options):
        return self.run_program("embed", "--run-dir", "r", *arguments, **options)

    def saliency(self, *arguments, **options):
        return self.run_program("saliency", "--run-dir", "r", *arguments, **options)

    def rows(self, name):
        with open(self.folder / name, newline="") as file:
            return list(csv.DictReader(file))

    def size_of_png(self, name):
        return struct.unpack(">II", (self.folder / name).read_bytes()[16:24])

    def make_surveys(self):
        for survey in ("sdss", "des"):
            self.run_program("generate", "galaxies", "--survey", survey, "--count", 20, "--size", 32, "--out", f"{survey}.h5")

    def test_tsne_and_principal_components_of_a_split(self):
        _, err = self.embed("--split", "test", "--out", "t.csv", "--perplexity", 5, "--figure", "t.svg", "--neighbours", 3)
        self.assertIn("Kullback-Leibler", err)
        rows = self.rows("t.csv")
        self.assertEqual(len(rows), 32)
        self.assertEqual(list(rows[0]), ["id", "tsne_1", "tsne_2", "distance_1", "distance_2", "distance_3", "label", "predicted", "survey",
                                         "neighbour_1", "neighbour_2", "neighbour_3"])
        ids = {row["id"] for row in rows}
        for row in rows:
            self.assertIn(row["neighbour_1"], ids - {row["id"]})
            self.assertLessEqual(float(row["distance_1"]), float(row["distance_2"]))
            self.assertEqual(row["survey"], "test")
            self.assertIn(row["label"], ("elliptical", "spiral"))
        figure = (self.folder / "t.svg").read_text()
        self.assertEqual(len(re.findall(r"<circle ", figure)), 32 + 2)  # the points, and the legend's two classes
        self.embed("--split", "test", "--out", "again.csv", "--perplexity", 5, "--neighbours", 3)
        self.assertEqual(self.rows("again.csv"), rows)
        self.embed("--split", "test", "--out", "s.csv", "--perplexity", 5, "--seed", 1)
        self.assertNotEqual([row["tsne_1"] for row in self.rows("s.csv")], [row["tsne_1"] for row in rows])

        self.embed("--out", "p.csv", "--method", "pca", "--dimensions", 3, "--figure", "p.svg")
        columns = [[float(row[f"pca_{d}"]) for row in self.rows("p.csv")] for d in (1, 2, 3)]
        variances = [sum(value * value for value in column) for column in columns]
        self.assertEqual(variances, sorted(variances, reverse=True))
        self.assertEqual(len(re.findall(r"<circle ", (self.folder / "p.svg").read_text())), 3 * 32 + 2)
        self.assertIn("% of the variance", (self.folder / "p.svg").read_text())

    def test_predicted_classes_are_those_of_predict(self):
        self.embed("--method", "none", "--out", "e.csv")
        self.run_program("predict", "--run-dir", "r", "--set", "evaluation.symmetric_views=false", "--out", "p.csv")
        self.assertEqual([(row["id"], row["predicted"], row["label"]) for row in self.rows("e.csv")],
                         [(row["id"], row["predicted"], row["true"]) for row in self.rows("p.csv")])
        self.assertEqual(list(self.rows("e.csv")[0]), ["id", "label", "predicted", "survey"])

    def test_two_surveys_and_the_images_most_like_one(self):
        self.make_surveys()
        self.embed("--input", "sdss.h5", "--input", "des.h5", "--perplexity", 5, "--out", "e.h5", "--figure", "e.svg", "--dimensions", 3)
        figure = (self.folder / "e.svg").read_text()
        self.assertEqual(len(re.findall(r"<circle ", figure)), 3 * 20 + 2 + 1)  # sdss, the classes and sdss in the legend
        for text in ("sdss.h5", "des.h5", "spiral", "t-SNE 3"):
            self.assertIn(text, figure)
        self.assertEqual((self.folder / "e.h5").read_bytes()[:4], b"\x89HDF")
        self.embed("--input", "sdss.h5", "--input", "des.h5", "--method", "none", "--neighbours", 2, "--out", "n.csv")
        rows = self.rows("n.csv")
        self.assertEqual([row["survey"] for row in rows], ["sdss.h5"] * 20 + ["des.h5"] * 20)
        self.assertRegex(rows[0]["neighbour_1"], r"^(sdss|des)\.h5/")
        first = rows[0]["id"]
        _, err = self.embed("--input", "sdss.h5", "--input", "des.h5", "--like", first, "--sheet", "l.png", status=2)
        self.assertIn("2 inputs have an image of this id", err)
        self.embed("--input", "sdss.h5", "--input", "des.h5", "--like", f"des.h5/{first}", "--sheet", "l.png")
        self.assertEqual(self.size_of_png("l.png")[0], 8 * (32 * 5 + 4) + 4)
        self.assertFalse([path.name for path in self.folder.iterdir() if ".tmp" in path.name])

    def test_mistakes_of_embed(self):
        self.make_surveys()
        before = sorted(path.name for path in self.folder.iterdir())
        for arguments, status, text in (
                ((), 2, "nothing to write"),
                (("--out", "e.txt"), 2, "must end in .csv, .h5 or .hdf5"),
                (("--figure", "e.png"), 2, "must end in .svg"),
                (("--figure", "e.svg", "--method", "none"), 2, "no coordinates"),
                (("--out", "e.csv", "--perplexity", "32"), 2, "there are only 32 images"),
                (("--out", "e.csv", "--neighbours", "32"), 2, "there are only 32 images"),
                (("--out", "e.csv", "--dimensions", "4"), 2, "dimensions"),
                (("--out", "no/e.csv"), 74, "no/e.csv"),
                (("--out", "sdss.h5", "--input", "sdss.h5", "--perplexity", "5"), 2, "which this command reads"),
                (("--out", "e.csv", "--input", "sdss.h5", "--input", "sdss.h5"), 2, "given twice"),
                (("--out", "e.csv", "--input", "none.h5"), 66, "none.h5"),
                (("--like", "x", "--sheet", "l.png"), 2, "no image has this id"),
                (("--like", "x"), 2, "--sheet")):
            with self.subTest(arguments=arguments):
                _, err = self.embed(*arguments, status=status)
                self.assertIn(text, err)
                self.assertNotIn("internal error", err)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), before)

    def test_saliency_writes_sheets_and_folders(self):
        self.saliency("--split", "test", "--limit", 6, "--out", "w.png")
        self.assertEqual(self.size_of_png("w.png")[0], 8 * (32 * 5 + 4) + 4)
        self.saliency("--limit", 3, "--method", "occlusion", "--class", "spiral", "--out", "w.svg")
        self.assertEqual((self.folder / "w.svg").read_text().count("<image "), 3)
        self.assertIn("Occlusion", (self.folder / "w.svg").read_text())
        self.make_surveys()
        self.embed("--input", "des.h5", "--method", "none", "--out", "e.csv")
        name = self.rows("e.csv")[7]["id"]
        self.saliency("--input", "des.h5", "--id", name, "--out", "maps")
        self.assertEqual([path.name[:6] for path in (self.folder / "maps").iterdir()], ["00007-"])
        for arguments, text in ((("--class", "merger", "--out", "x.png"), "elliptical and spiral"), (("--id", "none", "--out", "x.png"), "no image"),
                                (("--out", "x.jpg"), "must end in .png"), (("--limit", "2", "--id", "a", "--out", "x.png"), "excludes")):
            _, err = self.saliency(*arguments, status=2)
            self.assertIn(text, err)
        self.assertFalse((self.folder / "x.png").exists())

    def test_verify_knows_what_is_written_into_the_run(self):
        self.embed("--split", "test", "--method", "pca", "--out", "r/e.csv", "--figure", "r/e.svg")
        name = self.rows("r/e.csv")[0]["id"]
        self.embed("--split", "test", "--like", name, "--sheet", "r/like.png")
        self.saliency("--split", "test", "--limit", 2, "--out", "r/why.png")
        self.saliency("--split", "test", "--id", name, "--out", "r/maps")
        self.run_program("export", "--run-dir", "r", "--out", "r/weights.safetensors")
        maps = [f"maps/{path.name}" for path in (self.folder / "r" / "maps").iterdir()]
        self.assert_verified("r", "e.csv", "e.svg", "like.png", "why.png", *maps, "weights.safetensors")


class OtherModels(Case):
    def test_a_model_without_features_is_refused(self):
        self.train(WAVEFORM, "w", "--set", "training.max_steps=2")
        for command, text in ((("embed", "--out", "e.csv"), "xception and resnet50"),
                              (("saliency", "--out", "e.png"), "the model of w predicts no class probabilities")):
            _, err = self.run_program(*command, "--run-dir", "w", status=2)
            self.assertIn(text, err)
        self.assertFalse((self.folder / "e.csv").exists())


if __name__ == "__main__":
    main()
