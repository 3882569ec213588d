# Benchmarks of the library's own parts: built when asked for (cmake --build … --target bench_kernels).
add_executable(bench_kernels EXCLUDE_FROM_ALL bench/kernels.c ${objects_base} ${objects_kernels})
target_link_libraries(bench_kernels PRIVATE imgrad_needs)

add_executable(bench_winograd_error EXCLUDE_FROM_ALL bench/winograd_error.c ${objects_base} ${objects_kernels})
target_link_libraries(bench_winograd_error PRIVATE imgrad_needs m)
