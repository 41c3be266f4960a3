// SPDX-License-Identifier: MIT
//
// Writes every conformance vector into a folder: make_vectors FOLDER
#include <filesystem>
#include <fstream>
#include <iostream>

#include "tests/conformance/vector_file.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_vectors FOLDER\n";
    return 2;
  }
  for (const auto& vector : kvferry::test::make_vectors()) {
    std::ofstream file(std::filesystem::path(argv[1]) / (vector.name + ".vec"));
    file << kvferry::test::print_vector(vector);
    if (!file.flush()) {
      std::cerr << "make_vectors: cannot write " << vector.name << ".vec into " << argv[1] << "\n";
      return 1;
    }
  }
}
