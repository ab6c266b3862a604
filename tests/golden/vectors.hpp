#pragma once

#include "support/arbitrary.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

/// Files of vectors: vectors/*.txt, a line each (name, hexadecimal bytes).
namespace syncline::golden {

using Vectors = std::map<std::string, std::string>;

inline const std::string directory = std::string(SYNCLINE_SOURCE_DIR) + "/tests/golden/vectors/";

inline Vectors read_vectors(const std::string& file) {
    std::ifstream in(directory + file);
    Vectors vectors;
    std::string line;
    while (std::getline(in, line)) {
        if (line.empty() || line.front() == '#') continue;
        std::istringstream words(line);
        std::string name;
        std::string hex;
        words >> name >> hex;
        vectors[name] = hex;
    }
    return vectors;
}

inline void write_vectors(const std::string& file, const std::string& about,
                          const Vectors& vectors) {
    std::ofstream out(directory + file);
    out << "# " << about << "\n";
    for (const auto& [name, hex] : vectors) out << name << ' ' << hex << '\n';
    REQUIRE(out.good());
}
inline bool is_regenerating() { return std::getenv("SYNCLINE_REGENERATE_GOLDEN") != nullptr; }

/// Compares `made` with the file, or writes it when asked to.
inline void check_vectors(const std::string& file, const std::string& about, const Vectors& made) {
    if (is_regenerating()) write_vectors(file, about, made);
    const Vectors kept = read_vectors(file);
    REQUIRE_FALSE(kept.empty());
    for (const auto& [name, hex] : made) {
        CAPTURE(name);
        REQUIRE(kept.count(name) == 1);
        CHECK(kept.at(name) == hex);
    }
    for (const auto& [name, hex] : kept) {
        CAPTURE(name);
        CHECK(made.count(name) == 1);
    }
}

}  // namespace syncline::golden
