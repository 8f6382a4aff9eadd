// What the tests share of their compilation; see ferrule_test.cmake.
