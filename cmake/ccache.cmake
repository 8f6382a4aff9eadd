# Compiles through ccache where it is installed.
find_program(FERRULE_CCACHE ccache)
if(FERRULE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FERRULE_CCACHE})
endif()
