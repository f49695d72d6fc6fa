"""The recipes for other places agree with the project: versions, scripts, dependencies, options, published schemas."""
import pathlib
import re
import subprocess
import unittest

import manifests as checks

SOURCE = pathlib.Path(__file__).resolve().parents[2]

VERSION = re.search(r"project\(hpcai-train VERSION ([0-9.]+)", (SOURCE / "CMakeLists.txt").read_text()).group(1)
TORCH = re.search(r"torch_version=([0-9.]+)", (SOURCE / "scripts/setup.sh").read_text()).group(1)
CONTAINERS = sorted((SOURCE / "scripts/containers").iterdir())
MANIFESTS = sorted((SOURCE / "scripts/kubernetes").glob("*.yaml"))

# How the packages of scripts/setup.sh are called elsewhere: Debian, conda, Spack, EasyBuild. None: it comes with something else there.
DEPENDENCIES = {
    "libcli11-dev": ("cli11", "cli11", "CLI11"),
    "libyaml-cpp-dev": ("yaml-cpp", "yaml-cpp", "yaml-cpp"),
    "libspdlog-dev": ("spdlog", "spdlog", "spdlog"),
    "libfmt-dev": ("fmt", "fmt", None),
    "nlohmann-json3-dev": ("nlohmann_json", "nlohmann-json", "nlohmann_json"),
    "libhdf5-dev": ("hdf5", "hdf5", "HDF5"),
    "libjpeg62-turbo-dev": ("libjpeg-turbo", "libjpeg-turbo", "libjpeg-turbo"),
    "libpng-dev": ("libpng", "libpng", "libpng"),
    "libcfitsio-dev": ("cfitsio", "cfitsio", "CFITSIO"),
    "libnanoflann-dev": ("nanoflann", "nanoflann", "nanoflann"),
    "zlib1g-dev": ("zlib", "zlib-api", None),
    "libssl-dev": ("openssl", "openssl", "OpenSSL"),
    "libgloo-dev": ("gloo", "gloo", None),
    "libhwy-dev": ("libhwy", "highway", "Highway"),
}
TOOLS = {"g++", "cmake", "ninja-build", "ccache", "git", "ca-certificates", "python3", "python3-pip", "catch2"}


def text(path):
    return (SOURCE / path).read_text()


def manifests():
    return [(path.name, document) for path in MANIFESTS for document in checks.documents(path.read_text())]


class Recipes(unittest.TestCase):
    def test_versions_are_those_of_the_project(self):
        places = [*CONTAINERS, *MANIFESTS, SOURCE / "scripts/packages/spack/package.py", *(SOURCE / "scripts/packages/easybuild").iterdir(),
                  *(SOURCE / "scripts/packages/modulefiles").iterdir(), SOURCE / "docs/places.md"]
        for path in places:
            with self.subTest(path.name):
                found = re.findall(r"hpcai-train(?::|@|-|/|_)(\d+\.\d+\.\d+)|[Vv]ersion[=: (\"']+(\d+\.\d+\.\d+)", path.name + "\n" + path.read_text())
                self.assertTrue(found, "no version of hpcai-train")
                self.assertEqual({a or b for a, b in found}, {VERSION})
        self.assertIn(f"version: {VERSION}", text("CITATION.cff").replace('"', ""))
        self.assertIn(f"{VERSION}.lua", [path.name for path in (SOURCE / "scripts/packages/modulefiles").iterdir()])

    def test_torch_is_the_version_that_setup_fetches(self):
        for path in ["scripts/packages/spack/package.py", *(str(p.relative_to(SOURCE)) for p in (SOURCE / "scripts/packages/easybuild").iterdir())]:
            self.assertIn(TORCH, text(path), path)

    def test_containers_run_scripts_that_exist_with_options_that_they_have(self):
        for path in CONTAINERS:
            for script, options in re.findall(r"^(?:RUN|)\s*(scripts/\S+\.sh)(.*)$", path.read_text(), re.M):
                with self.subTest(f"{path.name}: {script}"):
                    help_text = subprocess.run([SOURCE / script, "--help"], capture_output=True, text=True, check=True).stdout
                    for option in re.findall(r"--[a-z-]+", options):
                        self.assertIn(option, help_text)

    def test_every_dependency_stands_in_every_recipe(self):
        packages = set(re.search(r"^packages=\((.*?)\)", text("scripts/setup.sh"), re.M | re.S).group(1).split()) - TOOLS
        self.assertEqual(packages, set(DEPENDENCIES), "scripts/setup.sh has other packages: add them to the recipes and to this table")
        conda = set(re.findall(r"^  - ([a-z0-9_-]+)", text("environment.yml"), re.M))
        spack = set(re.findall(r'depends_on\("([a-z0-9-]+)', text("scripts/packages/spack/package.py")))
        easybuild = set(re.findall(r"^    \('([A-Za-z0-9_-]+)'", text(next((SOURCE / "scripts/packages/easybuild").iterdir()).relative_to(SOURCE)), re.M))
        for names in DEPENDENCIES.values():
            for name, known in zip(names, (conda, spack, easybuild)):
                if name is not None:
                    self.assertIn(name, known)

    @unittest.skipIf(checks.kubernetes_validate is None, checks.WITHOUT_SCHEMAS)
    def test_configs_of_manifests_exist(self):
        for name, document in manifests():
            for arguments in checks.commands(document):
                with self.subTest(name):
                    config = arguments[arguments.index("--config") + 1]
                    self.assertTrue(config.startswith("/opt/hpcai-train/share/hpcai-train/configs/"), config)
                    self.assertTrue((SOURCE / "configs" / config.split("/configs/")[1]).exists(), config)

    @unittest.skipIf(checks.kubernetes_validate is None, checks.WITHOUT_SCHEMAS)
    def test_manifests_fit_the_published_schemas(self):
        for name, document in manifests():
            with self.subTest(name):
                checks.require_fit(document)

    @unittest.skipIf(checks.kubernetes_validate is None, checks.WITHOUT_SCHEMAS)
    def test_a_wrong_manifest_does_not_fit(self):
        document = dict(manifests()[0][1], spec={"template": {"spec": {"containers": [{"image": "hpcai-train"}]}}})
        with self.assertRaises(checks.kubernetes_validate.ValidationError):
            checks.require_fit(document)

    def test_recipes_are_python_that_compiles(self):
        for path in [SOURCE / "scripts/packages/spack/package.py", *(SOURCE / "scripts/packages/easybuild").iterdir()]:
            compile(path.read_text(), str(path), "exec")


if __name__ == "__main__":
    unittest.main()
