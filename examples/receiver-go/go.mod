module example.com/ostiary/receiver

go 1.21
