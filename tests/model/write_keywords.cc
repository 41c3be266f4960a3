// SPDX-License-Identifier: MIT
//
// write_keywords TEXT: the keywords of the text in a file, one a line: score, tab, keyword.
// write_keywords --stop-words: the list that they are made with.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "model/keywords.h"
#include "model/words.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: write_keywords TEXT | write_keywords --stop-words\n", stderr);
    return 2;
  }
  if (std::string(argv[1]) == "--stop-words") {
    for (const auto word : kvferry::stop_words()) std::printf("%s\n", std::string(word).c_str());
    return 0;
  }
  std::ifstream in(argv[1]);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  for (const auto& keyword : kvferry::extract_keywords(text)) {
    std::printf("%.12g\t%s\n", keyword.score, keyword.text.c_str());
  }
  return 0;
}
