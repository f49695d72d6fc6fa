// Reads host lists, one a line, and writes their hosts, one a line, with an empty line after each list.
#include <iostream>
#include <string>

#include "hpcai/distributed/world/host_list.h"

int main() {
  for (std::string list; std::getline(std::cin, list);) {
    for (const std::string& host : hpcai::distributed::expand_host_list(list)) std::cout << host << '\n';
    std::cout << '\n';
  }
}
