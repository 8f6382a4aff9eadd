# Compiles through ccache where it is installed; it takes precompiled headers when asked to.
find_program(FERRULE_CCACHE ccache)
if(FERRULE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${FERRULE_CCACHE})
endif()
