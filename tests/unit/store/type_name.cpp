// SPDX-License-Identifier: MIT
#include <cano/store/detail/type_name.hpp>

#include "support/catch.hpp"

using cano::detail::readable_type;
using cano::detail::type_in_signature;

TEST_CASE("the type ends where the signature goes on, outside of all brackets") {
  CHECK(type_in_signature("f() [with Type = int; std::string_view = x]") == "int");
  CHECK(type_in_signature("f() [Type = int]") == "int");
  CHECK(type_in_signature("f() [Type = a<b[2], c{1; 2}, d(*)(e[])>]") ==
        "a<b[2], c{1; 2}, d(*)(e[])>");
  CHECK(type_in_signature("f() [with Type = main()::<lambda(int)>; T = x]") ==
        "main()::<lambda(int)>");
  CHECK(type_in_signature("f() [Type = a<b") == "a<b");  // to the end where that is missing
}

TEST_CASE("what g++ and clang spell in their ways reads the same") {
  CHECK(readable_type("std::__cxx11::basic_string<char>") == "std::string");
  CHECK(readable_type("std::basic_string<char, std::char_traits<char>, std::allocator<char> >") ==
        "std::string");
  CHECK(readable_type("std::map<int, std::vector<long int, std::allocator<long int> >, "
                      "std::less<int>, std::allocator<std::pair<const int, std::vector<long int, "
                      "std::allocator<long int> > > > >") == "std::map<int, std::vector<long>>");
  CHECK(
      readable_type("std::unique_ptr<{anonymous}::Big, std::default_delete<{anonymous}::Big> >") ==
      "std::unique_ptr<Big>");
  CHECK(readable_type("std::unique_ptr<(anonymous namespace)::Big>") == "std::unique_ptr<Big>");
  CHECK(readable_type("std::__1::vector<long long unsigned int>") ==
        "std::vector<unsigned long long>");
  CHECK(readable_type("int (*)(const char *, short unsigned int)") ==
        "int(*)(const char*, unsigned short)");
}

TEST_CASE("a spelling that is cut off stays cut off") {
  CHECK(readable_type("std::vector<int, std::allocator<int") == "std::vector<int");
}
