# SPDX-License-Identifier: BSL-1.0
"""Strata for Conan 2: a header library, so one package serves all compilers and settings. All headers are always packaged;
an option adds the requirement of a component and nothing else."""

import os
import re

from conan import ConanFile
from conan.tools.files import copy, load

required_conan_version = ">=2.0"


class Strata(ConanFile):
    name = "strata"
    description = "Caches over memory, JetStream and PostgreSQL, composed at compile time"
    license = "BSL-1.0"
    topics = ("cache", "header-only", "nats", "jetstream", "postgresql", "sqlite")
    package_type = "header-library"
    settings = "os", "compiler", "build_type", "arch"  # for test_package and the requirements; the package has none
    options = {"nats": [True, False], "postgres": [True, False], "sqlite": [True, False], "json": [True, False],
               "msgpack": [True, False]}
    default_options = {"nats": False, "postgres": False, "sqlite": False, "json": False, "msgpack": False}
    no_copy_source = True

    @property
    def _root(self):
        return os.path.join(self.recipe_folder, os.pardir)

    def set_version(self):
        project = load(self, os.path.join(self._root, "CMakeLists.txt"))
        self.version = re.search(r"project\(strata VERSION ([0-9.]+)", project).group(1)

    def export_sources(self):
        for root in ("include", "policies"):
            copy(self, "*.hpp", os.path.join(self._root, root), os.path.join(self.export_sources_folder, "include"))
        for name in ("*/grants.sql", "*/permissions.conf", "*/alerts.yaml", "*/grafana.json"):
            copy(self, name, os.path.join(self._root, "policies"), os.path.join(self.export_sources_folder, "res"))
        copy(self, "LICENSE", self._root, self.export_sources_folder)

    def requirements(self):
        self.requires("boost/[>=1.81 <2]", options={} if self.options.json else {"header_only": True})
        self.requires("range-v3/[>=0.12 <1]")
        if self.options.nats:
            self.requires("cnats/[>=3.10 <4]")
        if self.options.postgres:
            self.requires("libpqxx/[>=7.10 <8]")
        if self.options.sqlite:
            self.requires("sqlite3/[>=3.38 <4]")
        if self.options.msgpack:
            self.requires("msgpack-cxx/[>=4 <8]")

    def package_id(self):
        self.info.clear()

    def package(self):
        copy(self, "*.hpp", os.path.join(self.source_folder, "include"), os.path.join(self.package_folder, "include"))
        copy(self, "*", os.path.join(self.source_folder, "res"), os.path.join(self.package_folder, "res"))
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "strata")
        self._component("local", ["boost::headers"])
        if self.settings.os in ("Linux", "FreeBSD"):
            self.cpp_info.components["local"].system_libs = ["pthread"]
        self._component("core", ["local", "range-v3::range-v3"])
        needs = {
            "nats": "cnats::cnats",
            "postgres": "libpqxx::libpqxx",
            "sqlite": "sqlite3::sqlite3",
            "json": "boost::json",
            "msgpack": "msgpack-cxx::msgpack-cxx",
        }
        for name, need in needs.items():
            if self.options.get_safe(name):
                self._component(name, ["core", need])
        if self.options.nats and self.options.postgres and self.options.json:
            self._component("knowledge", ["nats", "postgres", "json"])

    def _component(self, name, requires):
        component = self.cpp_info.components[name]
        component.set_property("cmake_target_name", f"strata::{name}")
        # What a profile takes from the system ([platform_requires]) is no package to point at: the compiler finds it.
        packages = {d.ref.name for d in self.dependencies.values() if d.recipe != "Platform"}
        component.requires = [r for r in requires if "::" not in r or r.partition("::")[0] in packages]
        component.bindirs = []
        component.libdirs = []
