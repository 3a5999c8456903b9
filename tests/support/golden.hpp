// Compares a text with a file of tests/golden. UPDATE_GOLDEN=1 rewrites the file instead.

#pragma once

#include "tests/support/places.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace trueup::test {

inline void check_golden(const std::string& name, const std::string& text)
{
    const std::filesystem::path file =
        std::filesystem::path(trueup::test::source_dir()) / "tests" / "golden" / name;
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
        std::filesystem::create_directories(file.parent_path());
        std::ofstream out(file, std::ios::binary | std::ios::trunc);
        out << text;
        return;
    }
    std::ifstream in(file, std::ios::binary);
    REQUIRE_MESSAGE(in.good(), "no golden file ", file.string(), "; make it with UPDATE_GOLDEN=1");
    std::stringstream wanted;
    wanted << in.rdbuf();
    INFO("golden file: ", file.string());
    CHECK(text == wanted.str());
}

} // namespace trueup::test
