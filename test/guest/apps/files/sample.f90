! Arrays, formatted output, double and quadruple precision.
program sample
  implicit none
  real(8) :: a(3, 3), x
  real(16) :: q
  integer :: i, j
  do i = 1, 3
    do j = 1, 3
      a(i, j) = 1d0 / (i + j - 1)
    end do
  end do
  print '(3F12.8)', matmul(a, a)
  x = 0
  do i = 1, 1000
    x = x + sin(dble(i)) ** 2
  end do
  print '(F20.12)', x
  q = 1
  do i = 1, 20
    q = q * i / 3
  end do
  print '(ES40.30)', q
  write (*, '(A, I0, A, Z8.8)') 'n=', 42, ' hex=', 48879
end program
