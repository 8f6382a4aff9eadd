# Every services/<name>/ is a service of that name. A folder with a CMakeLists.txt of its own is
# left to it, and so is benchmarks/. The target `services` builds all of services/ but examples/, of
# which each source is a program, and which has a target of its own.
#
# Sanitizers are for tests, and no test runs a service with one: there only `services` builds them.
# Nor are the tools of benchmarks/ tested with the thread sanitizer, but for what tests link.
add_custom_target(services)

function(ferrule_add_services)
  file(GLOB folders CONFIGURE_DEPENDS LIST_DIRECTORIES true ${PROJECT_SOURCE_DIR}/services/*)
  foreach(folder ${folders})
    cmake_path(GET folder FILENAME name)
    if(EXISTS ${folder}/CMakeLists.txt)
      add_subdirectory(${folder})
    elseif(EXISTS ${folder}/main.cpp)
      file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cpp)
      ferrule_service(${name} ${sources})
      ferrule_warnings(${name})
    endif()
    if(TARGET ${name} AND NOT name STREQUAL examples)
      add_dependencies(services ${name})
      if(FERRULE_SANITIZE)
        set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
      endif()
    endif()
  endforeach()
endfunction()

ferrule_add_services()
if(FERRULE_SANITIZE STREQUAL thread)
  set(unless_linked EXCLUDE_FROM_ALL)
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/benchmarks/CMakeLists.txt)
  add_subdirectory(benchmarks ${unless_linked})
endif()
